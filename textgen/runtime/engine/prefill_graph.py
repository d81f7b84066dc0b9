"""The prefill graphs, which read known tokens: a prompt, or a text to score.

Each layer is a graph of its own, and a sequence goes through it in one call.
"""

import numpy as np
from onnx import TensorProto

from textgen.artifact.weights import Weights
from textgen.config.model import ModelConfig
from textgen.runtime.engine.cell_graphs import CELL_GRAPHS, LayerWeights
from textgen.runtime.engine.onnx_graph import Graph, GraphModel, next_name
from textgen.runtime.engine.quantized_matmul import add_logits

# Names of inputs and outputs, beside those of the cell's states.
BELOW, ABOVE, HIDDEN, LOGITS = "below", "above", "hidden", "logits"


def build_layer_graph(
    config: ModelConfig, weights: Weights, index: int, precision: str
) -> GraphModel:
    """Return the graph of one layer, with the embedding if it is the first.

    Its inputs are `BELOW`, token ids (time, batch) for the first layer and the outputs of the layer
    below (time, batch, units) for others, and the cell's states (batch, units). Its outputs are
    `ABOVE` (time, batch, units) and the `next_name` of each state.

    Args:
        config: sizes of the layers.
        weights: arrays with the names and shapes of `config.tensors()`.
        index: of the layer.
        precision: "int8" or "fp32"; in int8 the inputs of a layer share one scale in a call.
    """
    graph, units, cell = Graph(), config.layer_units[index], config.recurrent_cell
    inputs = _add_embedding(graph, config, weights) if index == 0 else _input(graph, config, index)
    direction = graph.array(np.array([0]))
    state = [
        graph.add("Unsqueeze", graph.input(name, ["batch", units]), direction)
        for name in cell.states
    ]
    layer = LayerWeights.from_model(config, weights, index, precision)
    outputs, *after = CELL_GRAPHS[cell.name].add_sequence(graph, layer, inputs, state)
    above = graph.add("Squeeze", outputs, graph.array(np.array([1])))
    graph.output(above, ABOVE, ["time", "batch", units])
    for name, value in zip(cell.states, after, strict=True):
        graph.output(graph.add("Squeeze", value, direction), next_name(name), ["batch", units])
    return graph.finish()


def build_logits_graph(config: ModelConfig, weights: Weights, precision: str) -> GraphModel:
    """Return the graph from the last outputs, `HIDDEN` (time, batch, units), to `LOGITS`."""
    graph = Graph()
    hidden = graph.input(HIDDEN, ["time", "batch", config.layer_units[-1]])
    logits = add_logits(graph, hidden, config, weights, precision)
    graph.output(logits, LOGITS, ["time", "batch", config.vocab_size])
    return graph.finish()


def _input(graph: Graph, config: ModelConfig, index: int) -> str:
    """Declare the outputs of the layer below as an input."""
    return graph.input(BELOW, ["time", "batch", config.layer_units[index - 1]])


def _add_embedding(graph: Graph, config: ModelConfig, weights: Weights) -> str:
    """Declare token ids as an input, and add their embeddings."""
    tokens = graph.input(BELOW, ["time", "batch"], TensorProto.INT64)
    embeddings = np.float32(config.embedding_scale) * weights["embedding.embeddings"]
    return graph.add("Gather", graph.array(embeddings), tokens)
