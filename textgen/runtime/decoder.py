"""The decoder: token ids and a state in, logits and the next state out."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.config.model import ModelConfig
from textgen.runtime.graph import build_graph

# From 1.29 on the library tells its maker that it runs, from its import on, unless it is told.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

Logits = NDArray[np.float32]
# Hidden and cell state of each layer, bottom first, each of shape (1, batch, units).
State = tuple[NDArray[np.float32], ...]

# A prompt is read in blocks of this many tokens, which bounds the memory that it takes.
BLOCK = 1024
ERRORS_ONLY = 3  # ONNX Runtime's log level; it warns of hardware it does not find


class Decoder:
    """A language model on ONNX Runtime. It holds no state: several threads may share it."""

    def __init__(
        self,
        config: ModelConfig,
        weights: dict[str, NDArray[np.float32]],
        *,
        threads: int | None = None,
    ) -> None:
        """
        Args:
            config: sizes of the layers.
            weights: arrays with the names and shapes of `config.tensors()`.
            threads: to compute with; None lets ONNX Runtime choose. Threads given do not spin
                while they wait, so that others can use the cores.
        """
        self.config = config
        options = onnxruntime.SessionOptions()
        options.log_severity_level = ERRORS_ONLY
        if threads is not None:
            options.intra_op_num_threads = threads
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            build_graph(config, weights), options, providers=["CPUExecutionProvider"]
        )
        layers = range(len(config.layer_units))
        self._state_names = [f"{k}_{i}" for i in layers for k in ("hidden", "memory")]
        self._outputs = ["logits", *(f"next_{name}" for name in self._state_names)]

    def initial_state(self, batch_size: int = 1) -> State:
        """Return the zero state for a number of streams."""
        sizes = [units for units in self.config.layer_units for _ in ("hidden", "memory")]
        return tuple(np.zeros((1, batch_size, units), np.float32) for units in sizes)

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
        logits, state = self._run(np.asarray(tokens, np.int64)[None], 0, state)
        return logits[0], state

    def read(self, tokens: NDArray[np.integer], state: State) -> tuple[Logits, State]:
        """Feed a whole sequence to one stream.

        Args:
            tokens: ids, of shape (time,), at least one.
            state: what came before.

        Returns:
            logits after the last token, of shape (vocabulary,), and the next state.
        """
        for start in range(0, len(tokens), BLOCK):
            block = np.asarray(tokens[start : start + BLOCK], np.int64)[:, None]
            logits, state = self._run(block, len(block) - 1, state)
        return logits[0, 0], state

    def score(self, tokens: NDArray[np.integer], state: State) -> tuple[Logits, State]:
        """Feed a sequence to one stream, keeping every step's logits.

        Args:
            tokens: ids, of shape (time,).
            state: what came before.

        Returns:
            logits of shape (time, vocabulary), and the next state.
        """
        logits, state = self._run(np.asarray(tokens, np.int64)[:, None], 0, state)
        return logits[:, 0], state

    def _run(self, tokens: NDArray[np.int64], first: int, state: State) -> tuple[Logits, State]:
        """Run the graph; `tokens` has the shape (time, batch)."""
        feed: dict[str, NDArray[Any]] = {"tokens": tokens, "first": np.array([first])}
        feed |= zip(self._state_names, state, strict=True)
        logits, *after = self._session.run(self._outputs, feed)
        return logits, tuple(after)
