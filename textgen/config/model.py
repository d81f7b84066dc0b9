"""The shape of the network, and with it the names and shapes of its parameters."""

import math
from dataclasses import dataclass
from pathlib import Path

from textgen.config.base import Config, option
from textgen.config.cell import LSTM, Cell
from textgen.errors import UsageError

# A small model of English, made by `scripts/train_english`.
PACKAGED_MODEL = Path(__file__).parent.parent / "english"

# Far above anything an LSTM of this kind is trained with; bounds what a foreign folder can ask for.
LARGEST_SIZE = 1 << 20
MOST_THREADS = 1024  # that a text is computed with

# Of the matrices and what they are multiplied with, when text is written; and the formats that the
# numbers of a model are kept in.
PRECISIONS = ("int8", "fp32")
STORAGES = ("fp32", "fp16", "int8")

# Those that Keras knows and ONNX's LSTM operator computes.
ACTIVATIONS = (
    "tanh",
    "sigmoid",
    "relu",
    "leaky_relu",
    "elu",
    "softplus",
    "softsign",
    "hard_sigmoid",
    "linear",
)


@dataclass(frozen=True, kw_only=True)
class NetworkConfig(Config):
    """The settings of a network that a person chooses; the vocabulary comes from the tokenizer.

    Example:
        >>> from textgen import NetworkConfig
        >>> NetworkConfig(units=(256, 256), dropout=0.2).units
        (256, 256)
    """

    layers: int | None = option(
        None,
        "Number of LSTM layers; if not given, one for each number of --units.",
        group="Network",
        minimum=1,
        maximum=64,
    )
    units: tuple[int, ...] = option(
        (512,),
        "Units of each LSTM layer: one number, or a comma-separated list, bottom first.",
        group="Network",
        is_fitted=True,
        minimum=1,
        maximum=LARGEST_SIZE,
    )
    activation: tuple[str, ...] = option(
        ("tanh",),
        "Activation of cell and output: one name, or a comma-separated list, bottom first.",
        group="Network",
        choices=ACTIVATIONS,
    )
    recurrent_activation: tuple[str, ...] = option(
        ("sigmoid",),
        "Activation of the gates: one name, or a comma-separated list, bottom first.",
        group="Network",
        choices=ACTIVATIONS,
    )
    embedding_size: int = option(
        64,
        "Size of the token embeddings.",
        group="Network",
        is_fitted=True,
        minimum=1,
        maximum=LARGEST_SIZE,
    )
    tie_embeddings: bool = option(
        False,
        "Use the embedding matrix as the output matrix too; saves parameters with a large "
        "vocabulary.",
        group="Network",
        is_fitted=True,
    )
    dropout: float = option(
        0.1,
        "Dropout rate of the embeddings and of each layer's output; one mask for all steps of a "
        "sequence.",
        group="Dropout",
        is_fitted=True,
        minimum=0,
        below=1,
    )
    embedding_dropout: float | None = option(
        None,
        "Dropout rate of the embeddings; if not given, that of --dropout.",
        group="Dropout",
        minimum=0,
        below=1,
    )
    token_dropout: float = option(
        0.0,
        "Fraction of the vocabulary whose embeddings are zero for a training sequence.",
        group="Dropout",
        minimum=0,
        below=1,
    )
    weight_drop: float = option(
        0.0,
        "Fraction of the recurrent weights that are zero for a training sequence (DropConnect).",
        group="Dropout",
        minimum=0,
        below=1,
    )
    recurrent_dropout: float = option(
        0.0,
        "Dropout rate of the hidden state between steps; slows training down.",
        group="Dropout",
        minimum=0,
        below=1,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.units:
            raise UsageError("units is empty; name at least one layer")
        if self.layers not in (None, len(self.units)) and len(self.units) > 1:
            raise UsageError(
                f"layers is {self.layers} but units names {len(self.units)}; give one of the two"
            )
        for name in ("activation", "recurrent_activation"):
            named, layers = len(getattr(self, name)), len(self.layer_units)
            if named not in (1, layers):
                raise UsageError(
                    f"{name} names {named} functions, but there are {layers} layers; "
                    f"give one for all of them, or one for each"
                )

        if self.weight_drop and (self.recurrent_dropout or not self._is_plain):
            raise UsageError(
                "weight_drop goes with tanh and sigmoid, and without recurrent_dropout"
            )

    @property
    def _is_plain(self) -> bool:
        """Whether all layers have the activations that an LSTM usually has."""
        return all(pair == ("tanh", "sigmoid") for pair in self.layer_activations)

    @property
    def recurrent_cell(self) -> Cell:
        """The cell of all layers."""
        return LSTM

    def layer_name(self, index: int) -> str:
        """Return the name of a layer, the first part of its parameters' names."""
        return f"{self.recurrent_cell.name}_{index}"

    @property
    def layer_units(self) -> tuple[int, ...]:
        """Units of each layer, bottom first."""
        return self.units * (self.layers or 1) if len(self.units) == 1 else self.units

    @property
    def layer_activations(self) -> tuple[tuple[str, str], ...]:
        """Activation and recurrent activation of each layer, bottom first."""
        depth = len(self.layer_units)
        columns = (self.activation, self.recurrent_activation)
        cell, gates = (names * depth if len(names) == 1 else names for names in columns)
        return tuple(zip(cell, gates, strict=True))

    @property
    def dropouts(self) -> tuple[float, ...]:
        """Share dropped of the embedding, then of each layer's outputs, bottom first."""
        first = self.dropout if self.embedding_dropout is None else self.embedding_dropout
        return (first, *[self.dropout] * len(self.layer_units))

    def summary(self) -> str:
        """Say in a few words what the network is; what is usual goes without saying."""
        plain = NetworkConfig()
        parts = [
            f"embedding {self.embedding_size}" + (" (tied)" if self.tie_embeddings else ""),
            f"{self.recurrent_cell.name.upper()} {' + '.join(map(str, self.layer_units))}",
        ]
        for name in ("activation", "recurrent_activation"):
            if getattr(self, name) != getattr(plain, name):
                parts.append(f"{name.replace('_', ' ')} {' + '.join(getattr(self, name))}")
        return ", ".join(parts)


@dataclass(frozen=True, kw_only=True)
class ModelConfig(NetworkConfig):
    """All settings that decide the parameters of a model; the content of `config.json`.

    Example:
        >>> from textgen import ModelConfig
        >>> ModelConfig(vocab_size=257, embedding_size=64, units=(512,)).parameter_count()
        1329985
    """

    vocab_size: int = option(1, "Number of token types.", minimum=1, maximum=LARGEST_SIZE)
    labels: tuple[str, ...] = option((), "Conditioning labels.")

    @property
    def embedding_scale(self) -> float:
        """What an embedding is multiplied with before the first layer reads it.

        A matrix that serves the output, too, has to start small; the input wants the standard
        deviation 1. (Vaswani et al. 2017, section 3.4, scale tied embeddings the same way.)
        """
        return math.sqrt(self.embedding_size) if self.tie_embeddings else 1.0

    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Return the name and shape of every parameter, in Keras's layout.

        With tied embeddings the output's matrix is that of the embedding, transposed, behind a
        projection where the last layer has another width (Press and Wolf 2017; Inan et al. 2017).
        The first layer has one more input for each label. That of the text's label is 1.
        """
        shapes: dict[str, tuple[int, ...]] = {
            "embedding.embeddings": (self.vocab_size, self.embedding_size)
        }
        width = self.embedding_size + len(self.labels)
        for index, units in enumerate(self.layer_units):
            own = self.recurrent_cell.parameters(width, units)
            shapes |= {f"{self.layer_name(index)}.{name}": shape for name, shape in own.items()}
            width = units
        if not self.tie_embeddings:
            shapes["logits.kernel"] = (width, self.vocab_size)
        elif width != self.embedding_size:
            shapes["projection.kernel"] = (width, self.embedding_size)
        shapes["logits.bias"] = (self.vocab_size,)
        return shapes

    def state_units(self) -> dict[str, int]:
        """Return the name and the units of every state, bottom layer first: `hidden_0`, `cell_0`.

        The order is that of the arrays of a `State`.
        """
        return {
            f"{name}_{index}": units
            for index, units in enumerate(self.layer_units)
            for name in self.recurrent_cell.states
        }

    def parameter_count(self) -> int:
        """Return the number of trained numbers."""
        return sum(map(math.prod, self.tensors().values()))
