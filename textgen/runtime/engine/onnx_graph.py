"""A small builder of ONNX graphs, which names nodes and arrays itself.

The library `onnxscript` does more, and is not needed for graphs of a few dozen operators.
"""

from typing import Any, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

# The lowest versions that have all operators of the graphs, so that older runtimes load them.
OPSET = 17
IR_VERSION = 8
# Larger arrays stay out of the serialized graph, in which they would be copied four times.
LARGEST_INSIDE = 1024  # bytes
CONTRIBUTED = "com.microsoft"  # ONNX Runtime's own operators

Shape = list[int | str]


def next_name(state: str) -> str:
    """Return the name of the output that holds a state after a call, from that of the input."""
    return f"next_{state}"


class GraphModel(NamedTuple):
    """A serialized graph, and its large arrays, which the runtime gets beside it."""

    graph: bytes
    arrays: dict[str, NDArray[Any]]


class Graph:
    """An ONNX graph under construction.

    Args:
        parent: the graph that holds this one as the body of a loop or a branch, and its arrays.
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
        """Declare a value as an output with a name."""
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, kind, shape))

    def array(self, value: Any, name: str | None = None) -> str:
        """Add a constant; one with a name is added once."""
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
        """Return the graph as the body of a loop, or a branch, in its parent."""
        return helper.make_graph(self._nodes, "body", self._inputs, self._outputs)

    def finish(self) -> "GraphModel":
        """Return the graph as a model that ONNX Runtime reads."""
        large = {name: a for name, a in self._arrays.items() if a.nbytes > LARGEST_INSIDE}
        arrays = [
            _placeholder(name, array) if name in large else numpy_helper.from_array(array, name)
            for name, array in self._arrays.items()
        ]
        graph = helper.make_graph(self._nodes, "textgen", self._inputs, self._outputs, arrays)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIBUTED, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        return GraphModel(bytes(model.SerializeToString()), large)

    def _new_name(self, kind: str) -> str:
        """Return an unused name."""
        self._names += 1
        return f"{kind.lower()}_{self._names}"


def _placeholder(name: str, array: NDArray[Any]) -> onnx.TensorProto:
    """Return the entry of an array whose numbers are not in the serialized graph."""
    kind = helper.np_dtype_to_tensor_dtype(array.dtype)
    tensor = onnx.TensorProto(name=name, data_type=kind, dims=array.shape)
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=name)
    return tensor
