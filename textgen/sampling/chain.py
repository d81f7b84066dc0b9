"""The chain of filters, and the draw at its end."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from textgen.config.generation import GenerationConfig
from textgen.sampling.filters import (
    Logits,
    apply_min_p,
    apply_temperature,
    apply_top_k,
    apply_top_p,
    apply_typical_p,
    softmax,
)
from textgen.sampling.penalties import (
    Counts,
    apply_logit_bias,
    apply_presence_and_frequency,
    apply_repetition_penalty,
)
from textgen.sampling.recent import RecentTokens

# Numbers drawn are multiples of this: the 53 bits that a double holds exactly.
UNIT = 2.0**-53


class Sampler:
    """Draws tokens for one generation.

    Numbers come from Philox, a counter-based generator (Salmon et al. 2011) whose stream NumPy
    keeps the same for good, so a seed gives the same text on every version.

    Args:
        config: the filters' settings.
        vocab_size: number of token types.
        seed: of the draws.
        biases: tokens, and what is added to their logits.
        history: tokens that the text begins with, for the penalties; shape (tokens,).
    """

    def __init__(
        self,
        config: GenerationConfig,
        vocab_size: int,
        *,
        seed: int,
        biases: Sequence[tuple[int, float]] = (),
        history: Sequence[int] | NDArray[np.int64] = (),
    ) -> None:
        self._generator = np.random.Philox(key=seed)
        self._recent = RecentTokens(config.repeat_last_n, vocab_size, history)
        self._chain = _chain(config, biases, self._recent.counts)

    def filter(self, logits: Logits) -> Logits:
        """Apply the chain to logits of shape (vocabulary,)."""
        for step in self._chain:
            logits = step(logits)
        return logits

    def draw(self, logits: Logits) -> int:
        """Choose a token, and remember it."""
        token = self._choose(softmax(self.filter(logits)))
        self._recent.append(token)
        return token

    def _choose(self, probabilities: NDArray[np.float64]) -> int:
        """Invert the cumulative distribution at a random number."""
        candidates = np.flatnonzero(probabilities)
        cumulative = np.cumsum(probabilities[candidates])
        number = (int(self._generator.random_raw()) >> 11) * UNIT
        at = np.searchsorted(cumulative, number * cumulative[-1], side="right")
        return int(candidates[min(at, len(candidates) - 1)])  # the product may round up to the sum


def _chain(
    config: GenerationConfig, biases: Sequence[tuple[int, float]], counts: Counts
) -> list[Callable[[Logits], Logits]]:
    """Return the steps from the model's logits to those drawn from, in llama.cpp's order.

    Args:
        config: the filters' settings.
        biases: tokens, and what is added to their logits.
        counts: of the recent tokens, shape (vocabulary,); read anew at every call.
    """
    tokens = np.array([token for token, _ in biases], np.int64)
    added = np.array([bias for _, bias in biases], np.float32)
    presence, frequency = config.presence_penalty, config.frequency_penalty
    return [
        partial(apply_logit_bias, tokens=tokens, biases=added),
        partial(apply_repetition_penalty, counts=counts, penalty=config.repetition_penalty),
        partial(
            apply_presence_and_frequency, counts=counts, presence=presence, frequency=frequency
        ),
        partial(apply_top_k, k=config.top_k),
        partial(apply_typical_p, p=config.typical_p),
        partial(apply_top_p, p=config.top_p),
        partial(apply_min_p, p=config.min_p),
        partial(apply_temperature, temperature=config.temperature),
    ]
