"""Conditioning labels: kinds of text that a model can write, such as its authors."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from textgen.artifact.weights import Weights
from textgen.config.model import ModelConfig
from textgen.errors import UsageError

MOST_LABELS = 1_000


def with_mix(
    config: ModelConfig, weights: Weights, mix: Mapping[str, float]
) -> tuple[ModelConfig, Weights]:
    """Return a model without labels that writes like one with labels does for a mix of them.

    After each embedding the first layer reads one input for each label, which is 1 for the text's
    label. Its contribution to the gates is the same for all tokens, so it becomes part of the bias.

    Args:
        config: of the model.
        weights: of the model.
        mix: weights of labels, 0 for those left out. A mix without labels is a kind of text, too.
    """
    if not config.labels:
        return config, weights
    kernel, bias = (f"{config.layer_name(0)}.{name}" for name in ("kernel", "bias"))
    plain, label_rows = np.split(weights[kernel], [config.embedding_size])
    shares = np.array([mix.get(label, 0.0) for label in config.labels], np.float32)
    changed = {kernel: plain, bias: weights[bias] + shares @ label_rows}
    return replace(config, labels=()), weights | changed


def with_labels(config: ModelConfig, weights: Weights, labels: Sequence[str]) -> Weights:
    """Return the weights of a model with other labels; new labels change nothing at first."""
    name = f"{config.layer_name(0)}.kernel"
    plain, label_rows = np.split(weights[name], [config.embedding_size])
    row_of = dict(zip(config.labels, label_rows, strict=True))
    zeros = np.zeros_like(plain[0])
    return weights | {name: np.stack([*plain, *(row_of.get(label, zeros) for label in labels)])}


def read_mix(texts: Sequence[str], known: Sequence[str], column: str | None) -> dict[str, float]:
    """Return the mix of labels that some texts name.

    Args:
        texts: a label each, with its column before it or its weight after it, if wanted:
            `Austen`, `author=Austen` or `Austen:0.7`.
        known: labels of the model.
        column: the column of the corpus that held the labels, if any.

    Raises:
        UsageError: a label or column is unknown, or a label is named twice.
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
    """Refuse unknown labels, and weights outside 0 to 1.

    Raises:
        UsageError: there are some.
    """
    read_mix(list(mix), known, None)
    for name, weight in mix.items():
        if not 0 <= weight <= 1:
            raise UsageError(f"the weight of label {name!r} is {weight}; it must be from 0 to 1")


def _parted(text: str, known: Sequence[str], column: str | None) -> tuple[str, float]:
    """Return the label and the weight that a text names; a text that is a label has no weight."""
    if text not in known and column and text.startswith(f"{column}="):
        text = text.removeprefix(f"{column}=")
    name, colon, weight = text.rpartition(":")
    if text in known or not colon:
        return text, 1.0
    try:
        return name, float(weight)
    except ValueError:
        return text, 1.0
