"""The decoder: token ids and a state in, logits, more tokens and the next state out."""

from collections.abc import Sequence
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textgen.artifact.conditioning import with_mix
from textgen.artifact.weights import Weights
from textgen.config.model import ModelConfig
from textgen.runtime.engine.decode_graph import build_decode_graph
from textgen.runtime.engine.onnx_session import Compiled, open_session
from textgen.runtime.engine.prefill import Prefill
from textgen.runtime.engine.state import State
from textgen.sampling.filters import Logits
from textgen.sampling.plan import GraphInputs


class Block(NamedTuple):
    """Tokens that were written in one call.

    Attributes:
        tokens: of shape (steps, batch).
        logits: that the model gave before each of them, of shape (steps, batch, vocabulary).
        state: after all but the last of them were fed.
    """

    tokens: NDArray[np.int64]
    logits: Logits
    state: State


class Decoder:
    """A language model on ONNX Runtime. It holds no state: several threads may share it.

    Args:
        config: sizes of the layers.
        weights: arrays with the names and shapes of `config.tensors()`. A model with labels is run
            without one; see `Model.labelled`.
        precision: "int8" or "fp32", of the matrices and what they are multiplied with.
        threads: to compute with. Several are faster where nothing else wants the cores, and
            much slower where something does, for they wait for each other at every step.
    """

    def __init__(
        self, config: ModelConfig, weights: Weights, *, precision: str = "fp32", threads: int = 1
    ) -> None:
        self.config, self._weights = with_mix(config, weights, {})
        self.precision = precision
        self.threads = threads
        layers = range(len(config.layer_units))
        self._state_names = [f"{kind}_{i}" for i in layers for kind in ("hidden", "memory")]
        self._next = [f"next_{name}" for name in self._state_names]

    def __reduce__(self) -> tuple[Any, ...]:
        """Go to another process without graphs, which are compiled there when they are needed."""
        again = partial(Decoder, precision=self.precision, threads=self.threads)
        return again, (self.config, self._weights)

    def initial_state(self, batch_size: int = 1) -> State:
        """Return the zero state for a number of streams."""
        sizes = [units for units in self.config.layer_units for _ in ("hidden", "memory")]
        return tuple(np.zeros((batch_size, units), np.float32) for units in sizes)

    def prefill(self, tokens: NDArray[np.integer], state: State) -> State:
        """Feed a whole sequence to one stream.

        Args:
            tokens: ids, of shape (time,); there may be none.
            state: what came before.

        Returns:
            the next state.
        """
        return self._reader.read(tokens, state)

    def score(self, tokens: NDArray[np.integer], state: State) -> tuple[Logits, State]:
        """Feed a sequence to one stream, keeping every step's logits.

        Args:
            tokens: ids, of shape (time,).
            state: what came before.

        Returns:
            logits of shape (time, vocabulary), and the next state.
        """
        return self._reader.score(tokens, state)

    def hidden_states(
        self, tokens: NDArray[np.integer], state: State
    ) -> tuple[NDArray[np.float32], State]:
        """Feed a sequence to one stream, keeping what the last layer makes of each token.

        Args:
            tokens: ids, of shape (time,).
            state: what came before.

        Returns:
            the last layer's hidden states, of shape (time, units), and the next state.
        """
        return self._reader.hidden(tokens, state)

    def step(
        self, tokens: Sequence[int] | NDArray[np.integer], state: State
    ) -> tuple[Logits, State]:
        """Feed one token to each stream.

        Args:
            tokens: ids, of shape (batch,).
            state: what came before.

        Returns:
            logits of shape (batch, vocabulary), and the next state.
        """
        block = self.decode(tokens, state, GraphInputs.greedy(len(tokens), self.config.vocab_size))
        return block.logits[0], block.state

    def decode(
        self, tokens: Sequence[int] | NDArray[np.integer], state: State, draws: GraphInputs
    ) -> Block:
        """Feed one token to each stream, draw the next, feed it, and so on.

        Args:
            tokens: that are fed first, of shape (batch,).
            state: what came before.
            draws: how tokens are chosen, and how many.
        """
        feed: dict[str, NDArray[Any]] = {"tokens": np.asarray(tokens, np.int64)} | draws.inputs
        feed |= zip(self._state_names, state, strict=True)
        writer = self._simple_writer if draws.is_simple else self._writer
        chosen, logits, *after = writer.run(["chosen", "logits", *self._next], feed)
        return Block(chosen, logits, tuple(after))

    @cached_property
    def _reader(self) -> Prefill:
        """The graphs that read known tokens, compiled when they are first needed."""
        return Prefill(self.config, self._weights, self.precision, self.threads)

    @cached_property
    def _simple_writer(self) -> Compiled:
        """The graph that draws tokens without penalties and top-p."""
        return self._compile_writer(is_simple=True)

    @cached_property
    def _writer(self) -> Compiled:
        """The graph that draws tokens with all filters that a graph has."""
        return self._compile_writer(is_simple=False)

    def _compile_writer(self, *, is_simple: bool) -> Compiled:
        """Compile one of the graphs that draw."""
        parts = (self.config, self._weights, self.precision)
        return open_session(build_decode_graph(*parts, is_simple=is_simple), self.threads)
