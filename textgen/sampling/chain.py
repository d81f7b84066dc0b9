"""The chain of filters, and the draw at its end."""

import numpy as np

from textgen.config.generation import GenerationConfig
from textgen.sampling.filters import Logits, apply_temperature, apply_top_k, apply_top_p, softmax

# Numbers drawn are multiples of this: the 53 bits that a double holds exactly.
UNIT = 2.0**-53


class Sampler:
    """Draws tokens for one generation.

    The order of the filters is llama.cpp's: top-k, top-p, temperature. Numbers come from Philox,
    a counter-based generator (Salmon et al. 2011) whose stream NumPy keeps the same for good, so
    a seed gives the same text on every version.
    """

    def __init__(self, config: GenerationConfig, *, seed: int) -> None:
        self.config = config
        self._generator = np.random.Philox(key=seed)

    def filter(self, logits: Logits) -> Logits:
        """Apply the chain to logits of shape (vocabulary,)."""
        logits = apply_top_k(logits, self.config.top_k)
        logits = apply_top_p(logits, self.config.top_p)
        return apply_temperature(logits, self.config.temperature)

    def draw(self, logits: Logits) -> int:
        """Choose a token: filter, then invert the cumulative distribution at a random number."""
        probabilities = softmax(self.filter(logits))
        candidates = np.flatnonzero(probabilities)
        cumulative = np.cumsum(probabilities[candidates])
        number = (int(self._generator.random_raw()) >> 11) * UNIT
        at = np.searchsorted(cumulative, number * cumulative[-1], side="right")
        return int(candidates[min(at, len(candidates) - 1)])  # the product may round up to the sum
