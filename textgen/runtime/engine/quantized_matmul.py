"""Products of activations and weight matrices, in 32-bit floats or 8-bit integers.

In int8 each column of a matrix has a scale, and so has each row of activations, computed at each
step (dynamic quantization). Sums of products are then exact integers, and a row's result does not
depend on the rows beside it.
"""

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from textgen.artifact.weights import Weights
from textgen.config.model import ModelConfig
from textgen.runtime.engine.onnx_graph import Graph

Matrix = NDArray[np.float32]
LARGEST = 127  # largest integer; the range is symmetric, so that zero is exact
ZERO_POINT = 128  # offset of the activations, which are unsigned: the fastest format on x86
SMALLEST = np.float32(1e-20)  # the scale of a row of zeros


def quantize(matrix: Matrix) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return a matrix as integers, and the scale of each column.

    Args:
        matrix: of shape (inputs, outputs).
    """
    scales = np.maximum(np.abs(matrix).max(axis=0) / np.float32(LARGEST), SMALLEST)
    return np.rint(matrix / scales).astype(np.int8), scales.astype(np.float32)


def add_product(graph: Graph, rows: str, matrix: Matrix, name: str, precision: str) -> str:
    """Add a product to a graph.

    Args:
        graph: the graph.
        rows: activations, of shape (..., inputs).
        matrix: weights, of shape (inputs, outputs).
        name: of the weights.
        precision: "int8" or "fp32".

    Returns:
        the product, of shape (..., outputs).
    """
    if precision == "fp32":
        return graph.add("MatMul", rows, graph.array(matrix, name))
    weights, scales = quantize(matrix)
    integers, row_scales = _quantize_rows(graph, rows)
    zero = graph.array(np.uint8(ZERO_POINT), "zero_point")
    sums = graph.add("MatMulInteger", integers, graph.array(weights, f"{name}.int8"), zero)
    floats = graph.add("Cast", sums, to=TensorProto.FLOAT)
    scaled = graph.add("Mul", floats, graph.array(scales, f"{name}.scales"))
    return graph.add("Mul", scaled, row_scales)


def add_logits(
    graph: Graph, hidden: str, config: ModelConfig, weights: Weights, precision: str
) -> str:
    """Add the layers between the last recurrent layer and the logits.

    Args:
        graph: the graph.
        hidden: the last layer's hidden states, of shape (..., units).
        config: of the model.
        weights: of the model.
        precision: "int8" or "fp32".

    Returns:
        the logits, of shape (..., vocabulary).
    """
    for name, matrix in _output_matrices(config, weights).items():
        hidden = add_product(graph, hidden, matrix, name, precision)
    return graph.add("Add", hidden, graph.array(weights["logits.bias"], "logits.bias"))


def _output_matrices(config: ModelConfig, weights: Weights) -> Weights:
    """Return the matrices between the last recurrent layer and the logits, in order."""
    if not config.tie_embeddings:
        return {"logits.kernel": weights["logits.kernel"]}
    names = [name for name in ("projection.kernel",) if name in weights]
    tied = {"embeddings.transposed": weights["embedding.embeddings"].T}
    return {name: weights[name] for name in names} | tied


def _quantize_rows(graph: Graph, rows: str) -> tuple[str, str]:
    """Add the quantization of each row by its largest absolute value."""
    largest = graph.add("ReduceMax", graph.add("Abs", rows), axes=[-1], keepdims=1)
    unit = graph.array(np.float32(1 / LARGEST), "unit")
    scales = graph.add("Max", graph.add("Mul", largest, unit), graph.array(SMALLEST, "smallest"))
    one, zero = graph.array(np.float32(1), "one"), graph.array(np.uint8(ZERO_POINT), "zero_point")
    return graph.add("QuantizeLinear", graph.add("Div", rows, scales), one, zero), scales
