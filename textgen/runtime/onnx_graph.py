"""Building ONNX graphs: nodes and arrays that find their names themselves."""

from typing import Any, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

# The lowest versions that hold all that the graphs use, so that older runtimes take them, too.
OPSET = 17
IR_VERSION = 8
CONTRIBUTED = "com.microsoft"  # ONNX Runtime's own operators

Shape = list[int | str]


class Activation(NamedTuple):
    """An activation as an operator of its own, and as a function of ONNX's LSTM operator.

    `parameters` are alpha and beta, where it has them; the values are Keras's.
    """

    operator: str
    function: str
    parameters: tuple[float, ...] = ()

    def attributes(self) -> dict[str, float]:
        """Return the operator's attributes."""
        plain = self.operator == "Identity"
        return {} if plain else dict(zip(("alpha", "beta"), self.parameters, strict=False))


ACTIVATIONS = {
    "tanh": Activation("Tanh", "Tanh"),
    "sigmoid": Activation("Sigmoid", "Sigmoid"),
    "relu": Activation("Relu", "Relu"),
    "leaky_relu": Activation("LeakyRelu", "LeakyRelu", (0.2,)),
    "elu": Activation("Elu", "Elu", (1.0,)),
    "softplus": Activation("Softplus", "Softplus"),
    "softsign": Activation("Softsign", "Softsign"),
    "hard_sigmoid": Activation("HardSigmoid", "HardSigmoid", (1 / 6, 0.5)),
    "linear": Activation("Identity", "Affine", (1.0, 0.0)),
}


class Graph:
    """An ONNX graph in the making.

    Args:
        parent: the graph whose loop this one is the body of; arrays are kept there.
    """

    def __init__(self, parent: "Graph | None" = None) -> None:
        self._root: Graph = parent._root if parent else self
        self._nodes: list[onnx.NodeProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._arrays: dict[str, NDArray[Any]] = {}
        self._names = 0

    def input(self, name: str, shape: Shape, kind: int = TensorProto.FLOAT) -> str:
        """Declare an input."""
        self._inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, value: str, name: str, shape: Shape, kind: int = TensorProto.FLOAT) -> None:
        """Declare a value an output, under a name."""
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, kind, shape))

    def array(self, value: Any, name: str | None = None) -> str:
        """Add a constant; one that has a name is added once."""
        root = self._root
        name = name or root._new_name("array")
        root._arrays.setdefault(name, np.array(value, order="C"))
        return name

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output, and return its name."""
        return self.add_many(operator, *inputs, outputs=1, **attributes)[0]

    def add_many(self, operator: str, *inputs: str, outputs: int, **attributes: Any) -> list[str]:
        """Add a node with several outputs, and return their names."""
        names = [self._root._new_name(operator) for _ in range(outputs)]
        self._nodes.append(helper.make_node(operator, list(inputs), names, **attributes))
        return names

    def as_body(self) -> onnx.GraphProto:
        """Return the graph as the body of a loop in its parent."""
        return helper.make_graph(self._nodes, "body", self._inputs, self._outputs)

    def serialize(self) -> bytes:
        """Return the graph as a model that ONNX Runtime reads."""
        arrays = [numpy_helper.from_array(array, name) for name, array in self._arrays.items()]
        graph = helper.make_graph(self._nodes, "textgen", self._inputs, self._outputs, arrays)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIBUTED, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        return bytes(model.SerializeToString())

    def _new_name(self, kind: str) -> str:
        """Return a name that is not taken."""
        self._names += 1
        return f"{kind.lower()}_{self._names}"
