"""The graph that reads tokens which are known: a prompt, or a text to be scored.

It is made of ONNX's LSTM operator, which takes a whole sequence at once and projects all its
inputs in one product.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from textgen.config.model import ModelConfig
from textgen.runtime.activations import ACTIVATIONS
from textgen.runtime.onnx_graph import CONTRIBUTED, Graph, Model
from textgen.runtime.products import Matrix, add_logits, quantize
from textgen.weights import Weights


def build_reading_graph(config: ModelConfig, weights: Weights, precision: str) -> Model:
    """Return the graph.

    Its inputs are `tokens` of shape (time, batch), `first`, the first step whose logits are
    wanted, of shape (1,), and for each layer `hidden_i` and `memory_i` of shape (batch, units).
    Its outputs are `logits` of shape (time - first, batch, vocabulary) and `next_hidden_i`,
    `next_memory_i`.

    Args:
        config: sizes of the layers.
        weights: arrays with the names and shapes of `config.tensors()`.
        precision: "int8" or "fp32"; in int8 the inputs of a layer share one scale in a call.
    """
    graph = Graph()
    tokens = graph.input("tokens", ["time", "batch"], TensorProto.INT64)
    first = graph.input("first", [1], TensorProto.INT64)
    embeddings = np.float32(config.embedding_scale) * weights["embedding.embeddings"]
    activations = graph.add("Gather", graph.array(embeddings), tokens)
    for index in range(len(config.layer_units)):
        activations = _add_layer(graph, index, activations, config, weights, precision)
    end = graph.array(np.array([np.iinfo(np.int64).max]))
    wanted = graph.add("Slice", activations, first, end, graph.array(np.array([0])))
    logits = add_logits(graph, wanted, config, weights, precision)
    graph.output(logits, "logits", ["scored", "batch", config.vocab_size])
    return graph.finish()


def _add_layer(
    graph: Graph,
    index: int,
    activations: str,
    config: ModelConfig,
    weights: Weights,
    precision: str,
) -> str:
    """Add one LSTM layer, its state as input and output; return its hidden states."""
    units = config.layer_units[index]
    direction = graph.array(np.array([0]), "direction")
    state = [
        graph.add("Unsqueeze", graph.input(f"{kind}_{index}", ["batch", units]), direction)
        for kind in ("hidden", "memory")
    ]
    own = {part: weights[f"lstm_{index}.{part}"] for part in ("kernel", "recurrent_kernel", "bias")}
    attributes = _activations(*config.layer_activations[index]) | {"hidden_size": units}
    hidden, *after = _add_operator(graph, activations, state, own, precision, attributes)
    for kind, value in zip(("hidden", "memory"), after, strict=True):
        flat = graph.add("Squeeze", value, direction)
        graph.output(flat, f"next_{kind}_{index}", ["batch", units])
    return graph.add("Squeeze", hidden, graph.array(np.array([1]), "direction_of_sequence"))


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
        "DynamicQuantizeLSTM", activations, *names, bias, "", *state, "", *scales,
        outputs=3, domain=CONTRIBUTED, **attributes,
    )  # fmt: skip


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
