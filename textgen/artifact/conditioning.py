"""Kinds of text that a model can write, as its authors: what they add to it, alone or mixed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from textgen.artifact.weights import Weights
from textgen.config.model import ModelConfig
from textgen.errors import UsageError

FIRST = "lstm_0"  # the layer that knows of labels
MOST_LABELS = 1_000


def with_mix(
    config: ModelConfig, weights: Weights, mix: Mapping[str, float]
) -> tuple[ModelConfig, Weights]:
    """Return a model without labels that writes as one with them does for a mix of labels.

    The first layer reads, behind each embedding, a 1 in the place of the text's label. What that
    adds to the layer's gates is the same for all tokens, so it becomes a part of its bias.

    Args:
        config: of the model.
        weights: of the model.
        mix: weights of labels; those left out have none, and no label at all is a kind of its own.
    """
    if not config.labels:
        return config, weights
    own, rows = np.split(weights[f"{FIRST}.kernel"], [config.embedding_size])
    shares = np.array([mix.get(label, 0.0) for label in config.labels], np.float32)
    changed = {f"{FIRST}.kernel": own, f"{FIRST}.bias": weights[f"{FIRST}.bias"] + shares @ rows}
    return replace(config, labels=()), weights | changed


def with_labels(config: ModelConfig, weights: Weights, labels: Sequence[str]) -> Weights:
    """Return the weights of a model that knows other labels; new ones add nothing at first."""
    name = f"{FIRST}.kernel"
    own, rows = np.split(weights[name], [config.embedding_size])
    known = dict(zip(config.labels, rows, strict=True))
    nothing = np.zeros_like(own[0])
    told = [known.get(label, nothing)[None] for label in labels]
    return weights | {name: np.concatenate([own, *told])}


def read_mix(texts: Sequence[str], known: Sequence[str], column: str | None) -> dict[str, float]:
    """Return the mix that a person names.

    Args:
        texts: each a label, perhaps behind the name of its column and before its weight, as
            `Austen`, `author=Austen` or `Austen:0.7`.
        known: labels of the model.
        column: that they stood in, if in one.

    Raises:
        UsageError: no such label or column, or a label is named twice.
    """
    mix = dict[str, float]()
    for text in texts:
        name, weight = _parted(text, known, column)
        if name not in known:
            if not known:
                raise UsageError(
                    "the model knows no labels, for it was trained without label_column; name none"
                )
            raise UsageError(f"label {name!r} was not trained; known are: {', '.join(known)}")
        if name in mix:
            raise UsageError(f"label {name!r} is named twice; name it once")
        mix[name] = weight
    return mix


def check_mix(mix: Mapping[str, float], known: Sequence[str]) -> None:
    """Refuse labels that nobody trained, and weights that are no share.

    Raises:
        UsageError: there are some.
    """
    read_mix(list(mix), known, None)
    for name, weight in mix.items():
        if not 0 <= weight <= 1:
            raise UsageError(f"the weight of label {name!r} is {weight}; it must be from 0 to 1")


def _parted(text: str, known: Sequence[str], column: str | None) -> tuple[str, float]:
    """Return the label and the weight that a text names; a label is taken whole if it is one."""
    if text not in known and column and text.startswith(f"{column}="):
        text = text.removeprefix(f"{column}=")
    name, colon, weight = text.rpartition(":")
    if text in known or not colon:
        return text, 1.0
    try:
        return name, float(weight)
    except ValueError:
        return text, 1.0
