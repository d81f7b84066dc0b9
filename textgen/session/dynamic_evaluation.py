"""Dynamic evaluation: a model learns from the text that it reads, beside its weights."""

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

# Tuned on books that the models had not seen (scripts/bench_adapt.py): the learning rates of plain
# gradient steps on windows of tokens, with gradients clipped to the norm 1.
WINDOW = 20
RATES = {"hidden": 0.05, "last": 0.1, "bias": 0.1}
LARGEST_NORM = 1.0
AT_ONCE = 1000  # tokens whose hidden states stand in memory together; a multiple of the window


class Output(NamedTuple):
    """The matrices between the last layer and the logits.

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
        """Return the output of a model."""
        weights = model.weights
        tied = model.config.tie_embeddings
        last = weights["embedding.embeddings"].T if tied else weights["logits.kernel"]
        return cls(weights.get("projection.kernel"), last, weights["logits.bias"])


@checked
@dataclass(frozen=True, eq=False, repr=False)
class Adaptation:
    """Learned changes of a model's output; its hidden states stay as they are.

    The output reads h + h M instead of the last layer's hidden state h, through a last matrix and a
    bias that are changed as well. That is dynamic evaluation (Mikolov et al. 2010; Krause et al.
    2018, whose sparse form has the matrix M) of the output alone: its gradient takes no way back
    through time, so it is a few products of matrices, whatever the layers are.

    Attributes:
        model_sha256: of the model that the changes belong to.
        hidden: M, of shape (units, units).
        last: added to the last matrix, of shape (width, vocabulary).
        bias: added to the bias, of shape (vocabulary,).

    Example:
        >>> from textgen import TextGenerator
        >>> generator = TextGenerator.from_pretrained()
        >>> session = generator.session(seed=1)
        >>> session.adapt("The rain fell. The rain fell. The rain fell.")
        >>> other = generator.session(seed=1)
        >>> other.adaptation = session.adaptation  # learned once, used in any session
    """

    model_sha256: str
    hidden: Array
    last: Array
    bias: Array

    @classmethod
    def none(cls, model: Model) -> Self:
        """Return the adaptation that changes nothing."""
        output, units = Output.of(model), model.config.layer_units[-1]
        shapes = ((units, units), output.last.shape, output.bias.shape)
        return cls(model.sha256(), *(np.zeros(shape, np.float32) for shape in shapes))

    @property
    def sha256(self) -> str:
        """The SHA-256 of the model and all changes."""
        digest = hashlib.sha256(self.model_sha256.encode())
        for name in RATES:
            digest.update(np.ascontiguousarray(getattr(self, name)).data)
        return digest.hexdigest()

    def read(
        self, model: Model, decoder: Engine, snapshot: StateSnapshot, tokens: NDArray[np.integer]
    ) -> "Adaptation":
        """Return the adaptation after some more text.

        Args:
            model: that the changes belong to.
            decoder: the engine of the model without changes.
            snapshot: the point before the tokens.
            tokens: ids, of shape (tokens,).
        """
        adaptation, state = self, snapshot.state or decoder.initial_state()
        inputs = np.concatenate([[snapshot.last], tokens])
        for start in range(0, len(tokens), AT_ONCE):
            targets = tokens[start : start + AT_ONCE]
            hidden, state = decoder.hidden_states(inputs[start : start + len(targets)], state)
            adaptation = adaptation.learn(model, hidden, targets)
        return adaptation

    def learn(self, model: Model, hidden: Array, tokens: NDArray[np.integer]) -> "Adaptation":
        """Return the adaptation after some tokens.

        Args:
            model: that the changes belong to.
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
        """Return an engine of the model with these changes.

        Args:
            model: that the changes belong to.
            like: an engine of the model without changes, whose precision and threads are taken.
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
        """Write the changes to a file.

        Args:
            path: of the file.

        Raises:
            OSError: the disk refused; an older file stays.
        """
        tensors = {name: np.ascontiguousarray(getattr(self, name)) for name in RATES}
        metadata = {"model": self.model_sha256}
        write_output(Path(path), safetensors.numpy.save(tensors, metadata=metadata))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a file that `save` wrote.

        Args:
            path: of the file.

        Raises:
            MissingInput: there is no such file.
            DataError: it is damaged, or not an adaptation.
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
        """Refuse a model that the changes do not belong to.

        Args:
            model: to check.

        Raises:
            DataError: the model is another one, or the arrays do not fit or are not finite.
        """
        if self.model_sha256 != model.sha256():
            raise DataError("the adaptation is of another model; use it with the one that learnt")
        for name in RATES:
            own, empty = getattr(self, name), getattr(Adaptation.none(model), name)
            if (own.shape, own.dtype) != (empty.shape, empty.dtype) or not np.isfinite(own).all():
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
