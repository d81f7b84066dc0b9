"""The graphs that read tokens which are known: a prompt, or a text to be scored.

Each layer is ONNX's LSTM operator, which takes a whole sequence at once and projects all its inputs
in one product.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from textgen.artifact.weights import Weights
from textgen.config.model import ModelConfig
from textgen.runtime.engine.activations import ACTIVATIONS
from textgen.runtime.engine.onnx_graph import CONTRIBUTED, Graph, GraphModel
from textgen.runtime.engine.quantized_matmul import Matrix, add_logits, quantize


def build_layer_graph(
    config: ModelConfig, weights: Weights, index: int, precision: str
) -> GraphModel:
    """Return the graph of one layer, the embedding with the first.

    Its inputs are `below`, the ids of tokens (time, batch) for the first layer, else the hidden
    states of the layer below (time, batch, units); and `hidden` and `memory` (batch, units). Its
    outputs are the hidden states `above` (time, batch, units), `next_hidden` and `next_memory`.

    Args:
        config: sizes of the layers.
        weights: arrays with the names and shapes of `config.tensors()`.
        index: of the layer.
        precision: "int8" or "fp32"; in int8 the inputs of a layer share one scale in a call.
    """
    graph, units = Graph(), config.layer_units[index]
    if index == 0:
        tokens = graph.input("below", ["time", "batch"], TensorProto.INT64)
        embeddings = np.float32(config.embedding_scale) * weights["embedding.embeddings"]
        below = graph.add("Gather", graph.array(embeddings), tokens)
    else:
        below = graph.input("below", ["time", "batch", config.layer_units[index - 1]])
    direction = graph.array(np.array([0]))
    state = [
        graph.add("Unsqueeze", graph.input(kind, ["batch", units]), direction)
        for kind in ("hidden", "memory")
    ]
    own = {part: weights[f"lstm_{index}.{part}"] for part in ("kernel", "recurrent_kernel", "bias")}
    attributes = _activations(*config.layer_activations[index]) | {"hidden_size": units}
    hidden, *after = _add_operator(graph, below, state, own, precision, attributes)
    above = graph.add("Squeeze", hidden, graph.array(np.array([1])))
    graph.output(above, "above", ["time", "batch", units])
    for kind, value in zip(("hidden", "memory"), after, strict=True):
        graph.output(graph.add("Squeeze", value, direction), f"next_{kind}", ["batch", units])
    return graph.finish()


def build_logits_graph(config: ModelConfig, weights: Weights, precision: str) -> GraphModel:
    """Return the graph from the last layer's `hidden` states (..., units) to `logits`."""
    graph = Graph()
    hidden = graph.input("hidden", ["time", "batch", config.layer_units[-1]])
    logits = add_logits(graph, hidden, config, weights, precision)
    graph.output(logits, "logits", ["time", "batch", config.vocab_size])
    return graph.finish()


def _add_operator(
    graph: Graph,
    activations: str,
    state: list[str],
    weights: Weights,
    precision: str,
    attributes: dict[str, Any],
) -> list[str]:
    """Add the operator: ONNX's own, or ONNX Runtime's that computes in int8."""
    matrices = [_onnx_gates(weights[name]) for name in ("kernel", "recurrent_kernel")]
    gates = _onnx_gates(weights["bias"])
    bias = graph.array(np.concatenate([gates, np.zeros_like(gates)])[None])
    if precision == "fp32":
        names = [graph.array(matrix.T[None]) for matrix in matrices]
        return graph.add_many(
            "LSTM", activations, *names, bias, "", *state, outputs=3, **attributes
        )
    quantized = [quantize(matrix) for matrix in matrices]
    names = [graph.array(integers[None]) for integers, _ in quantized]
    scales = [
        graph.array(part[None])
        for integers, scale in quantized
        for part in (scale, np.zeros(len(scale), integers.dtype))
    ]
    return graph.add_many(
        "DynamicQuantizeLSTM",
        activations,
        *names,
        bias,
        "",
        *state,
        "",
        *scales,
        outputs=3,
        domain=CONTRIBUTED,
        **attributes,
    )


def _activations(activation: str, recurrent_activation: str) -> dict[str, Any]:
    """Return the operator's attributes that name the functions of gates, cell and output."""
    used = [ACTIVATIONS[name] for name in (recurrent_activation, activation, activation)]
    alphas = [one.parameters[0] for one in used if one.parameters]
    betas = [one.parameters[1] for one in used if len(one.parameters) > 1]
    named = {"activations": [one.function for one in used]}
    numbers = {"activation_alpha": alphas, "activation_beta": betas}
    return named | {name: values for name, values in numbers.items() if values}


def _onnx_gates(array: Matrix) -> NDArray[np.float32]:
    """Reorder the last axis from Keras's gates (input, forget, cell, output) to ONNX's (iofc)."""
    gate_input, forget, cell, output = np.split(array, 4, axis=-1)
    return np.concatenate([gate_input, output, forget, cell], axis=-1)
