"""Reading a sequence that is known, layer by layer."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.artifact.weights import Weights
from textgen.config.model import ModelConfig
from textgen.runtime.engine.onnx_session import Compiled, open_session
from textgen.runtime.engine.prefill_graph import build_layer_graph, build_logits_graph
from textgen.runtime.engine.state import State
from textgen.sampling.filters import Logits

# A long sequence is read in blocks of this many tokens, which bounds the memory that it takes.
BLOCK = 1024


Source = Callable[[], NDArray[Any]]  # waits for what a layer reads, and returns it


class Prefill:
    """The layers of a model, each a graph of its own; compiled when it is made.

    Args:
        config: sizes of the layers.
        weights: arrays with the names and shapes of `config.tensors()`.
        precision: "int8" or "fp32".
        threads: that one operation of a layer may use.
    """

    def __init__(self, config: ModelConfig, weights: Weights, precision: str, threads: int) -> None:
        self._layers = [
            open_session(build_layer_graph(config, weights, index, precision), threads)
            for index in range(len(config.layer_units))
        ]
        self._logits = open_session(build_logits_graph(config, weights, precision), threads)

    def read(self, tokens: NDArray[np.integer], state: State) -> State:
        """Feed a sequence to one stream; arguments and result are those of `Decoder.read`.

        Long ones go through the layers as through an assembly line: while one layer reads a block,
        the layer below reads the next, each on a thread of its own. They wait for each other once
        a block, not at every step as the threads of one operator do.
        """
        stations, results = self._stations(state), deque[Source]()
        with ExitStack() as stack:
            threads = [stack.enter_context(ThreadPoolExecutor(1)) for _ in stations]
            for start in range(0, len(tokens), BLOCK):
                source: Source = partial(_column, tokens[start : start + BLOCK])
                for station, thread in zip(stations, threads, strict=True):
                    source = thread.submit(station.take, source).result
                results.append(source)
                if len(results) > len(stations):  # no more blocks at a time than are worked on
                    results.popleft()()
            for result in results:
                result()
        return tuple(part for station in stations for part in station.state)

    def score(self, tokens: NDArray[np.integer], state: State) -> tuple[Logits, State]:
        """Feed a sequence to one stream, keeping every step's logits; see `Decoder.score`."""
        hidden, after = self.hidden(tokens, state)
        (logits,) = self._logits.run(["logits"], {"hidden": hidden[:, None]})
        return logits[:, 0], after

    def hidden(
        self, tokens: NDArray[np.integer], state: State
    ) -> tuple[NDArray[np.float32], State]:
        """Feed a sequence to one stream, keeping the last layer's states; see `Decoder.hidden`."""
        stations = self._stations(state)
        source: Source = partial(_column, tokens)
        for station in stations:
            source = partial(station.take, source)
        return source()[:, 0], tuple(part for station in stations for part in station.state)

    def _stations(self, state: State) -> list["LayerWorker"]:
        """Return the layers, each with its state."""
        pairs = zip(state[::2], state[1::2], strict=True)
        return [LayerWorker(layer, pair) for layer, pair in zip(self._layers, pairs, strict=True)]


class LayerWorker:
    """A layer at work.

    Args:
        layer: its graph.
        state: its hidden and cell state, each of shape (batch, units); replaced by each block.
    """

    def __init__(self, layer: Compiled, state: State) -> None:
        self.state = state
        self._layer = layer

    def take(self, source: Source) -> NDArray[Any]:
        """Read what the layer below has made of a block, and return what this one makes of it."""
        feed = {"below": source(), "hidden": self.state[0], "memory": self.state[1]}
        above, *state = self._layer.run(["above", "next_hidden", "next_memory"], feed)
        self.state = tuple(state)
        result: NDArray[Any] = above
        return result


def _column(tokens: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return tokens as one stream, of shape (time, 1)."""
    return np.asarray(tokens, np.int64)[:, None]
