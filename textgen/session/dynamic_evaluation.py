"""What a model learns from the text that it is used for, beside its weights."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from textgen.artifact.model_folder import Model
from textgen.config.arguments import checked
from textgen.errors import DataError, MissingInput
from textgen.files import write_output
from textgen.paths import named
from textgen.runtime.engine.engine import Engine
from textgen.runtime.engine.loading import load_engine
from textgen.runtime.generation.snapshot import StateSnapshot

Array = NDArray[np.float32]

# Found on books that the models had not seen (scripts/bench_adapt.py): the rates of plain gradient
# steps, each on so many tokens, whose gradients have at most the norm 1.
WINDOW = 20
RATES = {"hidden": 0.05, "last": 0.1, "bias": 0.1}
LARGEST_NORM = 1.0
AT_ONCE = 1000  # tokens whose hidden states stand in memory together; a multiple of the window


class Output(NamedTuple):
    """What stands between the last layer and the logits.

    Attributes:
        projection: of shape (units, width); None if there is none.
        last: of shape (width, vocabulary).
        bias: of shape (vocabulary,).
    """

    projection: Array | None
    last: Array
    bias: Array

    @classmethod
    def of(cls, model: Model) -> "Output":
        """Return that of a model."""
        weights = model.weights
        tied = model.config.tie_embeddings
        last = weights["embedding.embeddings"].T if tied else weights["logits.kernel"]
        return cls(weights.get("projection.kernel"), last, weights["logits.bias"])


@checked
@dataclass(frozen=True, eq=False, repr=False)
class Adaptation:
    """Changes of what a model makes of its hidden states; the states are always its own.

    The output reads h + h M instead of the last layer's hidden state h, through a last matrix and a
    bias that are changed as well. That is dynamic evaluation (Mikolov et al. 2010; Krause et al.
    2018, whose sparse form has the matrix M) of the output alone: its gradient takes no way back
    through time, so it is a few products of matrices, whatever the layers are.

    Attributes:
        model_sha256: of the model that it belongs to.
        hidden: M, of shape (units, units).
        last: added to the last matrix, of shape (width, vocabulary).
        bias: added to the bias, of shape (vocabulary,).
    """

    model_sha256: str
    hidden: Array
    last: Array
    bias: Array

    @classmethod
    def none(cls, model: Model) -> Self:
        """Return the one that changes nothing."""
        output, units = Output.of(model), model.config.layer_units[-1]
        shapes = ((units, units), output.last.shape, output.bias.shape)
        return cls(model.sha256(), *(np.zeros(shape, np.float32) for shape in shapes))

    @property
    def sha256(self) -> str:
        """The SHA-256 of all that it is."""
        digest = hashlib.sha256(self.model_sha256.encode())
        for name in RATES:
            digest.update(np.ascontiguousarray(getattr(self, name)).data)
        return digest.hexdigest()

    def read(
        self, model: Model, decoder: Engine, moment: StateSnapshot, tokens: NDArray[np.integer]
    ) -> "Adaptation":
        """Return what it is after some more text.

        Args:
            model: that it belongs to.
            decoder: of the model itself.
            moment: where the text stands before the tokens.
            tokens: ids, of shape (tokens,).
        """
        adaptation, state = self, moment.state or decoder.initial_state()
        inputs = np.concatenate([[moment.last], tokens])
        for start in range(0, len(tokens), AT_ONCE):
            wanted = tokens[start : start + AT_ONCE]
            hidden, state = decoder.hidden_states(inputs[start : start + len(wanted)], state)
            adaptation = adaptation.learn(model, hidden, wanted)
        return adaptation

    def learn(self, model: Model, hidden: Array, tokens: NDArray[np.integer]) -> "Adaptation":
        """Return what it is after some tokens.

        Args:
            model: that it belongs to.
            hidden: the last layer's hidden state before each token, of shape (tokens, units).
            tokens: ids, of shape (tokens,).
        """
        output = Output.of(model)
        now = {
            "hidden": self.hidden.copy(),
            "last": output.last + self.last,
            "bias": output.bias + self.bias,
        }
        for start in range(0, len(tokens), WINDOW):
            part = slice(start, start + WINDOW)
            gradients = _gradients(now, output.projection, hidden[part], tokens[part])
            for name, gradient in gradients.items():
                norm = max(float(np.linalg.norm(gradient)) / LARGEST_NORM, 1.0)
                share = len(tokens[part]) / WINDOW  # a short window weighs less
                now[name] -= np.float32(RATES[name] * share / norm) * gradient
        return replace(
            self,
            hidden=now["hidden"],
            last=now["last"] - output.last,
            bias=now["bias"] - output.bias,
        )

    def decoder(self, model: Model, like: Engine) -> Engine:
        """Return a decoder of the model with these changes.

        Args:
            model: that it belongs to.
            like: a decoder of the model itself, whose precision and threads it takes.
        """
        output, weights = Output.of(model), dict(model.weights)
        kernel = output.last + self.last
        for matrix in (output.projection, np.eye(len(self.hidden), dtype=np.float32) + self.hidden):
            kernel = kernel if matrix is None else matrix @ kernel
        weights.pop("projection.kernel", None)
        weights["embedding.embeddings"] = (
            np.float32(model.config.embedding_scale) * weights["embedding.embeddings"]
        )
        weights |= {"logits.kernel": kernel, "logits.bias": output.bias + self.bias}
        config = replace(model.config, tie_embeddings=False)
        return load_engine(config, weights, precision=like.precision, threads=like.threads)

    def save(self, path: str | Path) -> None:
        """Write it to a file.

        Raises:
            OSError: the disk refused; what was there is there.
        """
        tensors = {name: np.ascontiguousarray(getattr(self, name)) for name in RATES}
        metadata = {"model": self.model_sha256}
        write_output(Path(path), safetensors.numpy.save(tensors, metadata=metadata))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a file that `save` wrote.

        Raises:
            MissingInput: there is none.
            DataError: it is damaged, or something else.
        """
        path = named(path)
        if not path.exists():
            raise MissingInput(f"{path}: no such adaptation")
        try:
            with safetensors.safe_open(path, framework="numpy") as file:
                model = (file.metadata() or {})["model"]
                return cls(model, *(file.get_tensor(name) for name in RATES))
        except (safetensors.SafetensorError, KeyError) as error:
            raise DataError(f"{path}: not an adaptation, or a damaged one ({error})") from None

    def check(self, model: Model) -> None:
        """Refuse a model that it does not belong to.

        Raises:
            DataError: it is another one, or the arrays do not fit or are not finite.
        """
        if self.model_sha256 != model.sha256():
            raise DataError("the adaptation is of another model; use it with the one that learnt")
        for name in RATES:
            own, wanted = getattr(self, name), getattr(Adaptation.none(model), name)
            if (own.shape, own.dtype) != (wanted.shape, wanted.dtype) or not np.isfinite(own).all():
                raise DataError("the adaptation is damaged: its arrays are not those of the model")


def _gradients(
    now: dict[str, Array], projection: Array | None, hidden: Array, tokens: NDArray[np.integer]
) -> dict[str, Array]:
    """Return the gradients of the mean loss of some tokens, in nats.

    Args:
        now: `hidden`, and the whole of `last` and `bias`.
        projection: of the model, if it has one.
        hidden: the last layer's hidden states, of shape (tokens, units).
        tokens: that follow them, of shape (tokens,).
    """
    read = hidden + hidden @ now["hidden"]
    rows = read if projection is None else read @ projection
    logits = rows @ now["last"] + now["bias"]
    wrong = np.exp(logits - logits.max(axis=1, keepdims=True))
    wrong /= wrong.sum(axis=1, keepdims=True)
    wrong[np.arange(len(tokens)), tokens] -= 1
    wrong /= len(tokens)
    back = wrong @ now["last"].T
    if projection is not None:
        back = back @ projection.T
    return {"hidden": hidden.T @ back, "last": rows.T @ wrong, "bias": wrong.sum(axis=0)}
