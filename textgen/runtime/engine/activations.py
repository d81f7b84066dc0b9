"""Activation functions: as graph operators, and as arguments of ONNX's LSTM operator."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from textgen.runtime.engine.onnx_graph import Graph

Add = Callable[[Graph, str], str]


class Activation(NamedTuple):
    """An activation.

    Attributes:
        function: its name in ONNX's LSTM operator.
        parameters: alpha and beta, if it has them, with Keras's values.
        add: adds it to a graph. A number's result does not depend on its place in the array.
    """

    function: str
    parameters: tuple[float, ...]
    add: Add


def _operator(name: str, *parameters: float) -> Activation:
    """Return an activation that is an operator of the same name."""
    attributes = dict(zip(("alpha", "beta"), parameters, strict=False))
    return Activation(name, parameters, lambda graph, values: graph.add(name, values, **attributes))


def _add_elu(graph: Graph, values: str) -> str:
    """Add ELU. ONNX Runtime's own operator rounds the last numbers of an array differently."""
    positive = graph.add("Relu", values)
    negative = graph.add("Sub", values, positive)
    one = graph.array(np.float32(1), "one")
    return graph.add("Add", positive, graph.add("Sub", graph.add("Exp", negative), one))


def _add_softplus(graph: Graph, values: str) -> str:
    """Add softplus, ln(e^x + e^0). ONNX Runtime's own operator rounds as its ELU does."""
    last = graph.array(np.array([-1]), "last")
    column = graph.add("Unsqueeze", values, last)
    zeros = graph.add("Mul", column, graph.array(np.float32(0), "zero"))
    pairs = graph.add("Concat", column, zeros, axis=-1)
    return graph.add("ReduceLogSumExp", pairs, axes=[-1], keepdims=0)


ACTIVATIONS = {
    "tanh": _operator("Tanh"),
    "sigmoid": _operator("Sigmoid"),
    "relu": _operator("Relu"),
    "leaky_relu": _operator("LeakyRelu", 0.2),
    "elu": Activation("Elu", (1.0,), _add_elu),
    "softplus": Activation("Softplus", (), _add_softplus),
    "softsign": _operator("Softsign"),
    "hard_sigmoid": _operator("HardSigmoid", 1 / 6, 0.5),
    "linear": Activation("Affine", (1.0, 0.0), lambda graph, values: values),
}
