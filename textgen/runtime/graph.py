"""A model's computation as an ONNX graph, with the LSTM state as explicit input and output."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from textgen.config.model import ModelConfig

# The lowest versions that hold all that the graph uses, so that older runtimes take it, too.
OPSET = 17
IR_VERSION = 8

# ONNX's name of each activation, with alpha and beta where it has them; the values are Keras's.
ACTIVATIONS: dict[str, tuple[str, tuple[float, ...]]] = {
    "tanh": ("Tanh", ()),
    "sigmoid": ("Sigmoid", ()),
    "relu": ("Relu", ()),
    "leaky_relu": ("LeakyRelu", (0.2,)),
    "elu": ("Elu", (1.0,)),
    "softplus": ("Softplus", ()),
    "softsign": ("Softsign", ()),
    "hard_sigmoid": ("HardSigmoid", (1 / 6, 0.5)),
    "linear": ("Affine", (1.0, 0.0)),
}


def build_graph(config: ModelConfig, weights: dict[str, NDArray[np.float32]]) -> bytes:
    """Return the serialized ONNX model of a language model.

    Its inputs are `tokens` of shape (time, batch), `first`, the first step whose logits are
    wanted, of shape (1,), and for each layer `hidden_i` and `memory_i` of shape
    (1, batch, units). Its outputs are `logits` of shape (time - first, batch, vocabulary) and
    `next_hidden_i`, `next_memory_i`.

    Args:
        config: sizes of the layers.
        weights: arrays with the names and shapes of `config.tensors()`.
    """
    nodes = [helper.make_node("Gather", ["embeddings", "tokens"], ["activations_0"])]
    scale = np.float32(config.embedding_scale)
    arrays: dict[str, NDArray[Any]] = {"embeddings": scale * weights["embedding.embeddings"]}
    inputs = [
        helper.make_tensor_value_info("tokens", TensorProto.INT64, ["time", "batch"]),
        helper.make_tensor_value_info("first", TensorProto.INT64, [1]),
    ]
    outputs = [
        helper.make_tensor_value_info(
            "logits", TensorProto.FLOAT, ["scored", "batch", config.vocab_size]
        )
    ]
    for index, units in enumerate(config.layer_units):
        nodes += _layer_nodes(index, units, *config.layer_activations[index])
        arrays |= _layer_arrays(index, weights)
        shape: list[int | str] = [1, "batch", units]
        for kind in ("hidden", "memory"):
            for prefix, side in (("", inputs), ("next_", outputs)):
                name = f"{prefix}{kind}_{index}"
                side.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    last = f"activations_{len(config.layer_units)}"
    nodes += [helper.make_node("Slice", [last, "first", "end", "time_axis"], ["wanted_0"])]
    arrays |= {"end": np.array([np.iinfo(np.int64).max]), "time_axis": np.array([0])}
    matrices = _output_matrices(config, weights)
    for index, matrix in enumerate(matrices):
        wanted = [f"wanted_{index}", f"projection_{index}"]
        nodes += [helper.make_node("MatMul", wanted, [f"wanted_{index + 1}"])]
        arrays |= {f"projection_{index}": matrix}
    nodes += [helper.make_node("Add", [f"wanted_{len(matrices)}", "output_bias"], ["logits"])]
    arrays |= {"output_bias": weights["logits.bias"]}
    initializers = [
        numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in arrays.items()
    ]
    graph = helper.make_graph(nodes, "textgen", inputs, outputs, initializers)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    return bytes(model.SerializeToString())


def _output_matrices(
    config: ModelConfig, weights: dict[str, NDArray[np.float32]]
) -> list[NDArray[np.float32]]:
    """Return the matrices between the last layer and the logits, in order."""
    if not config.tie_embeddings:
        return [weights["logits.kernel"]]
    projection = [weights["projection.kernel"]] if "projection.kernel" in weights else []
    return [*projection, weights["embedding.embeddings"].T]


def _layer_nodes(
    index: int, units: int, activation: str, recurrent_activation: str
) -> list[onnx.NodeProto]:
    """Return the nodes of one LSTM layer: ONNX's operator, and its direction axis taken off."""
    functions = [ACTIVATIONS[name] for name in (recurrent_activation, activation, activation)]
    alphas = [values[0] for _, values in functions if values]
    betas = [values[1] for _, values in functions if len(values) > 1]
    lstm = helper.make_node(
        "LSTM",
        [
            f"activations_{index}", f"kernel_{index}", f"recurrent_{index}", f"bias_{index}",
            "", f"hidden_{index}", f"memory_{index}",
        ],
        [f"directions_{index}", f"next_hidden_{index}", f"next_memory_{index}"],
        hidden_size=units,
        activations=[name for name, _ in functions],
        activation_alpha=alphas or None,  # an attribute cannot be an empty list
        activation_beta=betas or None,
    )  # fmt: skip
    squeeze = helper.make_node(
        "Squeeze", [f"directions_{index}", f"axis_{index}"], [f"activations_{index + 1}"]
    )
    return [lstm, squeeze]


def _layer_arrays(index: int, weights: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[Any]]:
    """Return one layer's arrays in ONNX's layout: transposed, one direction, its gate order."""
    kernel = _onnx_gates(weights[f"lstm_{index}.kernel"]).T
    recurrent = _onnx_gates(weights[f"lstm_{index}.recurrent_kernel"]).T
    bias = _onnx_gates(weights[f"lstm_{index}.bias"])
    return {
        f"kernel_{index}": kernel[None],
        f"recurrent_{index}": recurrent[None],
        f"bias_{index}": np.concatenate([bias, np.zeros_like(bias)])[None],
        f"axis_{index}": np.array([1]),
    }


def _onnx_gates(array: NDArray[np.float32]) -> NDArray[np.float32]:
    """Reorder the last axis from Keras's gates (input, forget, cell, output) to ONNX's (iofc)."""
    gate_input, forget, cell, output = np.split(array, 4, axis=-1)
    return np.concatenate([gate_input, output, forget, cell], axis=-1)
