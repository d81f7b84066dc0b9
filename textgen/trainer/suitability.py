"""How well a model suits a text: its bits per byte beside those of a compressor."""

import bz2
from collections.abc import Iterable
from itertools import chain, islice
from typing import NamedTuple

from textgen.artifact.model_folder import Model
from textgen.config.start import SAMPLE, SUITABLE


class Suitability(NamedTuple):
    """What the beginning of a text costs a model and a compressor, which knows no language.

    Attributes:
        model: bits per byte of the model.
        bzip2: bits per byte of bzip2.
    """

    model: float
    bzip2: float

    @property
    def is_enough(self) -> bool:
        """Whether the model knows something of the language of the text."""
        return self.model <= SUITABLE * self.bzip2


def suitability_of(model: Model, texts: Iterable[str]) -> Suitability | None:
    """Return how well a model suits texts, by their first characters; None if there are none."""
    from textgen.evaluation.scorer import measure  # loads ONNX Runtime
    from textgen.runtime.engine.loading import load_engine

    text = "".join(islice(chain.from_iterable(texts), SAMPLE))
    if not text:
        return None
    data = text.encode()
    engine = load_engine(model.config, model.weights, precision=model.precision)
    bits = measure(engine, model.tokenizer, [text]).bits_per_byte
    return Suitability(bits, 8 * len(bz2.compress(data)) / len(data))
