"""The recurrent cell as graph operators: one step in plain ones, and a whole sequence in one.

A decode graph takes a step at a time, and its numbers must not depend on the streams beside a
stream. A prefill graph reads a known sequence, for which ONNX has an operator that projects all
inputs in one product.
"""

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from textgen.artifact.weights import Weights
from textgen.config.cell import LSTM
from textgen.config.model import ModelConfig
from textgen.runtime.engine.activations import ACTIVATIONS, Activation
from textgen.runtime.engine.onnx_graph import CONTRIBUTED, Graph
from textgen.runtime.engine.quantized_matmul import Matrix, add_product, quantize

# The order of the gates in ONNX's operator.
LSTM_ORDER = ("i", "o", "f", "g")


class LayerWeights(NamedTuple):
    """The weights of a layer, and what a graph needs to know to use them.

    Attributes:
        name: of the layer.
        kernel: of shape (width, gates * units).
        recurrent_kernel: of shape (units, gates * units).
        bias: of shape (gates * units,).
        activation: of candidate and output.
        recurrent_activation: of the gates.
        precision: "int8" or "fp32", of the products.
    """

    name: str
    kernel: Matrix
    recurrent_kernel: Matrix
    bias: Matrix
    activation: Activation
    recurrent_activation: Activation
    precision: str

    @property
    def units(self) -> int:
        """Units of the layer."""
        return len(self.recurrent_kernel)

    @classmethod
    def from_model(
        cls, config: ModelConfig, weights: Weights, index: int, precision: str
    ) -> "LayerWeights":
        """Return those of one layer of a model, counted from 0 at the bottom."""
        name = config.layer_name(index)
        activation, recurrent_activation = config.layer_activations[index]
        return cls(
            name=name,
            kernel=weights[f"{name}.kernel"],
            recurrent_kernel=weights[f"{name}.recurrent_kernel"],
            bias=weights[f"{name}.bias"],
            activation=ACTIVATIONS[activation],
            recurrent_activation=ACTIVATIONS[recurrent_activation],
            precision=precision,
        )


class AddStep(Protocol):
    """Adds one step of a layer to a graph."""

    def __call__(
        self,
        graph: Graph,
        layer: LayerWeights,
        inputs: str,
        state: list[str],
        *,
        is_projected: bool,
    ) -> list[str]:
        """Return the next states, of which the first is the layer's output.

        Args:
            graph: the body of a decode graph's loop.
            layer: the layer.
            inputs: of shape (batch, width); where they are projected, multiplied with the kernel
                and with the bias added, of shape (batch, gates * units).
            state: the states before the step, each of shape (batch, units).
            is_projected: whether the inputs are.
        """


class AddSequence(Protocol):
    """Adds a layer that reads a sequence to a graph."""

    def __call__(
        self, graph: Graph, layer: LayerWeights, inputs: str, state: list[str]
    ) -> list[str]:
        """Return the outputs, of shape (time, 1, batch, units), and the last states.

        Args:
            graph: a prefill graph.
            layer: the layer.
            inputs: of shape (time, batch, width).
            state: the states before the sequence, each of shape (1, batch, units), as the last.
        """


class CellGraph(NamedTuple):
    """A cell's parts of the graphs."""

    add_step: AddStep
    add_sequence: AddSequence


def add_lstm_step(
    graph: Graph, layer: LayerWeights, inputs: str, state: list[str], *, is_projected: bool
) -> list[str]:
    """Add one step of an LSTM layer; see `AddStep`."""
    hidden, cell = state
    if is_projected:
        product = add_product(graph, hidden, layer.recurrent_kernel, layer.name, layer.precision)
        sums = graph.add("Add", product, inputs)
    else:  # one product for both: the inputs are hidden states, too
        both = graph.add("Concat", inputs, hidden, axis=1)
        matrix = np.concatenate([layer.kernel, layer.recurrent_kernel])
        product = add_product(graph, both, matrix, layer.name, layer.precision)
        sums = graph.add("Add", product, graph.array(layer.bias))
    gate, squash = layer.recurrent_activation, layer.activation
    i, f, g, o = graph.add_many("Split", sums, outputs=len(LSTM.gates), axis=1)
    i, f, g, o = gate.add(graph, i), gate.add(graph, f), squash.add(graph, g), gate.add(graph, o)
    cell = graph.add("Add", graph.add("Mul", f, cell), graph.add("Mul", i, g))
    return [graph.add("Mul", o, squash.add(graph, cell)), cell]


def add_lstm_sequence(
    graph: Graph, layer: LayerWeights, inputs: str, state: list[str]
) -> list[str]:
    """Add ONNX's LSTM operator, or ONNX Runtime's that computes in int8; see `AddSequence`."""
    gate, squash = layer.recurrent_activation, layer.activation
    attributes = _function_attributes(gate, squash, squash) | {"hidden_size": layer.units}
    matrices = [_in_order(array) for array in (layer.kernel, layer.recurrent_kernel)]
    bias = _in_order(layer.bias)
    bias_name = graph.array(np.concatenate([bias, np.zeros_like(bias)])[None])
    if layer.precision == "fp32":
        names = [graph.array(matrix.T[None]) for matrix in matrices]
        return graph.add_many(
            "LSTM", inputs, *names, bias_name, "", *state, outputs=3, **attributes
        )
    quantized = [quantize(matrix) for matrix in matrices]
    names = [graph.array(integers[None]) for integers, _ in quantized]
    scales = [
        graph.array(part[None])
        for integers, scale in quantized
        for part in (scale, np.zeros(len(scale), integers.dtype))
    ]
    operands = [inputs, *names, bias_name, "", *state, "", *scales]
    return graph.add_many(
        "DynamicQuantizeLSTM", *operands, outputs=3, domain=CONTRIBUTED, **attributes
    )


CELL_GRAPHS = {"lstm": CellGraph(add_lstm_step, add_lstm_sequence)}


def _function_attributes(*functions: Activation) -> dict[str, Any]:
    """Return the attributes of an ONNX operator that name its activations, in order."""
    alphas = [function.parameters[0] for function in functions if function.parameters]
    betas = [function.parameters[1] for function in functions if len(function.parameters) > 1]
    names = {"activations": [function.function for function in functions]}
    numbers = {"activation_alpha": alphas, "activation_beta": betas}
    return names | {name: values for name, values in numbers.items() if values}


def _in_order(array: Matrix) -> NDArray[np.float32]:
    """Return an array whose last axis holds the gates in the order of ONNX's LSTM."""
    gates = dict(zip(LSTM.gates, np.split(array, len(LSTM.gates), axis=-1), strict=True))
    return np.concatenate([gates[name] for name in LSTM_ORDER], axis=-1)
