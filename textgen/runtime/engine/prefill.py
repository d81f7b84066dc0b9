"""Prefill: a known sequence goes through the layers one by one."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.artifact.weights import Weights
from textgen.config.model import ModelConfig
from textgen.runtime.engine.onnx_graph import next_name
from textgen.runtime.engine.onnx_session import Compiled, open_session
from textgen.runtime.engine.prefill_graph import (
    ABOVE,
    BELOW,
    HIDDEN,
    LOGITS,
    build_layer_graph,
    build_logits_graph,
)
from textgen.runtime.engine.state import State
from textgen.sampling.filters import Logits

# A long sequence is read in blocks of this many tokens, which bounds the memory.
BLOCK = 1024


Source = Callable[[], NDArray[Any]]  # waits for the input of a layer, and returns it


class Prefill:
    """The layers of a model, each a graph of its own; all are compiled by the constructor.

    Args:
        config: sizes of the layers.
        weights: arrays with the names and shapes of `config.tensors()`.
        precision: "int8" or "fp32".
        threads: threads for one operation of a layer.
    """

    def __init__(self, config: ModelConfig, weights: Weights, precision: str, threads: int) -> None:
        self._states = config.recurrent_cell.states
        self._layers = [
            open_session(build_layer_graph(config, weights, index, precision), threads)
            for index in range(len(config.layer_units))
        ]
        self._logits = open_session(build_logits_graph(config, weights, precision), threads)

    def read(self, tokens: NDArray[np.integer], state: State) -> State:
        """Feed a sequence to one stream; see `Engine.prefill`.

        The layers form a pipeline: while one layer reads a block, the layer below reads the next
        one, each on a thread of its own. They wait for each other once a block, and not at every
        step as the threads of one operator do.
        """
        workers, results = self._workers(state), deque[Source]()
        with ExitStack() as stack:
            threads = [stack.enter_context(ThreadPoolExecutor(1)) for _ in workers]
            for start in range(0, len(tokens), BLOCK):
                source: Source = partial(_column, tokens[start : start + BLOCK])
                for worker, thread in zip(workers, threads, strict=True):
                    source = thread.submit(worker.take, source).result
                results.append(source)
                if len(results) > len(workers):  # bounds the blocks that wait in memory
                    results.popleft()()
            for result in results:
                result()
        return _joined(workers)

    def score(self, tokens: NDArray[np.integer], state: State) -> tuple[Logits, State]:
        """Return the logits after each token of a sequence; see `Engine.score`."""
        hidden, after = self.hidden(tokens, state)
        (logits,) = self._logits.run([LOGITS], {HIDDEN: hidden[:, None]})
        return logits[:, 0], after

    def hidden(
        self, tokens: NDArray[np.integer], state: State
    ) -> tuple[NDArray[np.float32], State]:
        """Return the last layer's output after each token; see `Engine.hidden_states`."""
        workers = self._workers(state)
        source: Source = partial(_column, tokens)
        for worker in workers:
            source = partial(worker.take, source)
        return source()[:, 0], _joined(workers)

    def _workers(self, state: State) -> list["LayerWorker"]:
        """Return the layers, each with its states."""
        count = len(self._states)
        parts = [state[i : i + count] for i in range(0, len(state), count)]
        layers = zip(self._layers, parts, strict=True)
        return [LayerWorker(layer, self._states, part) for layer, part in layers]


class LayerWorker:
    """A layer that reads block after block.

    Args:
        layer: its graph.
        names: of its states.
        state: its states, each of shape (batch, units); each block replaces them.
    """

    def __init__(self, layer: Compiled, names: Sequence[str], state: State) -> None:
        self.state = state
        self._layer = layer
        self._names = names
        self._outputs = [ABOVE, *map(next_name, names)]

    def take(self, source: Source) -> NDArray[Any]:
        """Read the next block of the layer below, and return this layer's outputs."""
        feed = {BELOW: source(), **dict(zip(self._names, self.state, strict=True))}
        above, *state = self._layer.run(self._outputs, feed)
        self.state = tuple(state)
        result: NDArray[Any] = above
        return result


def _joined(workers: list[LayerWorker]) -> State:
    """Return the states of all layers."""
    return tuple(part for worker in workers for part in worker.state)


def _column(tokens: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return tokens as one stream, of shape (time, 1)."""
    return np.asarray(tokens, np.int64)[:, None]
