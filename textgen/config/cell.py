"""The recurrent cell, described once: its gates, states, parameters, work and memory.

The network, the graphs, files of states and estimates of time and memory all read it here.
"""

import math
from dataclasses import dataclass

FLOAT = 4  # bytes of a 32-bit number


@dataclass(frozen=True)
class Cell:
    """A recurrent cell of a layer with some units.

    Attributes:
        name: prefix of a layer's parameters, as in `lstm_0.kernel`.
        gates: in the order in which they stand side by side in the last axis of the parameters.
        states: what a step hands on to the next, each of shape (batch, units). The first is the
            layer's output.
    """

    name: str
    gates: tuple[str, ...]
    states: tuple[str, ...]

    def parameters(self, width: int, units: int) -> dict[str, tuple[int, ...]]:
        """Return the name and shape of each parameter of a layer, in Keras's layout.

        Args:
            width: length of the layer's input.
            units: of the layer.
        """
        columns = len(self.gates) * units
        return {
            "kernel": (width, columns),
            "recurrent_kernel": (units, columns),
            "bias": (columns,),
        }

    def products(self, width: int, units: int) -> int:
        """Return the number of multiplications with weights for one token."""
        matrices = (shape for shape in self.parameters(width, units).values() if len(shape) == 2)
        return sum(map(math.prod, matrices))

    def window_bytes(self, units: int, product_bytes: int) -> int:
        """Return the bytes that training keeps for one token until the backward pass.

        Gates and output are kept in the format of matrix products, other states in 32 bits.

        Args:
            units: of the layer.
            product_bytes: bytes of a number in the format of matrix products.
        """
        rounded, exact = len(self.gates) + 1, len(self.states) - 1
        return units * (rounded * product_bytes + exact * FLOAT)


# Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000: the input, forget and
# output gates i, f and o, and the candidate g. A step is c = f * c + i * g, h = o * tanh(c).
LSTM = Cell(name="lstm", gates=("i", "f", "g", "o"), states=("hidden", "cell"))
