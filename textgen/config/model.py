"""The shape of the network, and with it the names and shapes of its parameters."""

from dataclasses import dataclass

from textgen.config.base import Config, option
from textgen.errors import UsageError

# Far above anything an LSTM of this kind is trained with; bounds what a foreign folder can ask for.
LARGEST_SIZE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class NetworkConfig(Config):
    """What a person chooses about the network; the vocabulary comes from the tokenizer."""

    layers: int | None = option(
        None,
        "Number of LSTM layers; as many as --units names, if not given.",
        minimum=1,
        maximum=64,
    )
    units: tuple[int, ...] = option(
        (512,),
        "Units of each LSTM layer: one number, or a comma-separated list, bottom first.",
        minimum=1,
        maximum=LARGEST_SIZE,
    )
    embedding_size: int = option(
        64, "Length of the vector that stands for a token.", minimum=1, maximum=LARGEST_SIZE
    )
    dropout: float = option(
        0.1, "Share of activations dropped while training, the same at each step of a window.",
        minimum=0, below=1,
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.units:
            raise UsageError("units is empty; name at least one layer")
        if self.layers not in (None, len(self.units)) and len(self.units) > 1:
            raise UsageError(
                f"layers is {self.layers} but units names {len(self.units)}; give one of the two"
            )

    @property
    def layer_units(self) -> tuple[int, ...]:
        """Units of each layer, bottom first."""
        return self.units * (self.layers or 1) if len(self.units) == 1 else self.units


@dataclass(frozen=True, kw_only=True)
class ModelConfig(NetworkConfig):
    """Everything that decides a model's parameters; the content of `config.json`."""

    vocab_size: int = option(1, "Number of token types.", minimum=1, maximum=LARGEST_SIZE)

    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Return the name and shape of every parameter, in Keras's layout.

        The four gates stand side by side in the last axis of the LSTM's arrays, in Keras's
        order: input, forget, cell, output.
        """
        shapes: dict[str, tuple[int, ...]] = {
            "embedding.embeddings": (self.vocab_size, self.embedding_size)
        }
        width = self.embedding_size
        for index, units in enumerate(self.layer_units):
            shapes[f"lstm_{index}.kernel"] = (width, 4 * units)
            shapes[f"lstm_{index}.recurrent_kernel"] = (units, 4 * units)
            shapes[f"lstm_{index}.bias"] = (4 * units,)
            width = units
        shapes["logits.kernel"] = (width, self.vocab_size)
        shapes["logits.bias"] = (self.vocab_size,)
        return shapes

    def parameter_count(self) -> int:
        """Return the number of trained numbers."""
        total = 0
        for shape in self.tensors().values():
            size = 1
            for length in shape:
                size *= length
            total += size
        return total
