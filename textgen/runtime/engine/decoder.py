"""The engine on ONNX Runtime."""

from collections.abc import Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.artifact.conditioning import with_mix
from textgen.artifact.weights import Weights
from textgen.config.model import ModelConfig
from textgen.runtime.engine.decode_graph import CHOSEN, LOGITS, TOKENS, build_decode_graph
from textgen.runtime.engine.engine import Block
from textgen.runtime.engine.graph_inputs import (
    Array,
    FullGraphInputs,
    GraphInputs,
    fill_inputs,
    greedy_inputs,
)
from textgen.runtime.engine.onnx_graph import next_name
from textgen.runtime.engine.onnx_session import Compiled, open_session
from textgen.runtime.engine.prefill import Prefill
from textgen.runtime.engine.state import State
from textgen.sampling.filters import Logits
from textgen.sampling.plan import SamplingPlan


class Decoder:
    """An `Engine` on ONNX Runtime. Arguments are those of `load_engine`, which makes one."""

    def __init__(
        self, config: ModelConfig, weights: Weights, *, precision: str, threads: int
    ) -> None:
        self.config, self._weights = with_mix(config, weights, {})
        self.precision = precision
        self.threads = threads
        self._state_names = list(self.config.state_units())
        self._outputs = [CHOSEN, LOGITS, *map(next_name, self._state_names)]

    def __reduce__(self) -> tuple[Any, ...]:
        """Go to another process without graphs, which are compiled there when they are needed."""
        again = partial(Decoder, precision=self.precision, threads=self.threads)
        return again, (self.config, self._weights)

    def initial_state(self, batch_size: int = 1) -> State:
        """Return the zero state of a number of streams."""
        sizes = self.config.state_units().values()
        return tuple(np.zeros((batch_size, units), np.float32) for units in sizes)

    def prefill(self, tokens: NDArray[np.integer], state: State) -> State:
        """Feed a whole sequence to one stream; see `Engine.prefill`."""
        return self._prefill.read(tokens, state)

    def score(self, tokens: NDArray[np.integer], state: State) -> tuple[Logits, State]:
        """Return the logits after each token of a sequence; see `Engine.score`."""
        return self._prefill.score(tokens, state)

    def hidden_states(
        self, tokens: NDArray[np.integer], state: State
    ) -> tuple[NDArray[np.float32], State]:
        """Return the last layer's output after each token; see `Engine.hidden_states`."""
        return self._prefill.hidden(tokens, state)

    def step(
        self, tokens: Sequence[int] | NDArray[np.integer], state: State
    ) -> tuple[Logits, State]:
        """Feed one token to each stream; see `Engine.step`."""
        block = self._run(tokens, state, greedy_inputs(len(tokens), self.config.vocab_size))
        return block.logits[0], block.state

    def decode(
        self,
        tokens: Sequence[int] | NDArray[np.integer],
        state: State,
        plans: Sequence[SamplingPlan],
    ) -> Block:
        """Feed a token to each stream, choose the next one, and so on; see `Engine.decode`."""
        return self._run(tokens, state, fill_inputs(plans))

    def _run(
        self,
        tokens: Sequence[int] | NDArray[np.integer],
        state: State,
        inputs: GraphInputs[Array],
    ) -> Block:
        """Run a decode graph: the simple one, if the inputs are for that."""
        graph = self._full_graph if isinstance(inputs, FullGraphInputs) else self._simple_graph
        feed = {TOKENS: np.asarray(tokens, np.int64), **vars(inputs)}
        feed |= zip(self._state_names, state, strict=True)
        chosen, logits, *after = graph.run(self._outputs, feed)
        return Block(chosen, logits, tuple(after))

    @cached_property
    def _prefill(self) -> Prefill:
        """The graphs for sequences, compiled when they are first needed."""
        return Prefill(self.config, self._weights, self.precision, self.threads)

    @cached_property
    def _simple_graph(self) -> Compiled:
        """The decode graph without penalties and top-p."""
        return self._compile(is_simple=True)

    @cached_property
    def _full_graph(self) -> Compiled:
        """The decode graph with all filters that a graph has."""
        return self._compile(is_simple=False)

    def _compile(self, *, is_simple: bool) -> Compiled:
        """Compile one of the decode graphs."""
        parts = (self.config, self._weights, self.precision)
        return open_session(build_decode_graph(*parts, is_simple=is_simple), self.threads)
