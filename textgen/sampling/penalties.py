"""Biases and penalties: pure functions that move the logits of some tokens.

Shapes are (vocabulary,) where nothing else is said; neutral values change nothing.
"""

import numpy as np
from numpy.typing import NDArray

from textgen.sampling.filters import Logits

Counts = NDArray[np.int64]


def apply_logit_bias(logits: Logits, tokens: NDArray[np.int64], biases: Logits) -> Logits:
    """Add biases to the logits of some tokens (OpenAI API, `logit_bias`).

    Args:
        logits: shape (vocabulary,).
        tokens: ids, shape (n,); the biases of one that occurs several times add up.
        biases: shape (n,); -inf bans a token.
    """
    if not len(tokens):
        return logits
    biased = logits.copy()
    np.add.at(biased, tokens, biases)
    return biased


def apply_repetition_penalty(logits: Logits, counts: Counts, penalty: float) -> Logits:
    """Divide the logits of recent tokens by the penalty (Keskar et al. 2019, section 4.1).

    Negative ones are multiplied instead, so that a penalty above 1 lowers every logit.

    Args:
        logits: shape (vocabulary,).
        counts: how often each token occurs in the recent text, shape (vocabulary,).
        penalty: above 0; 1 changes nothing.
    """
    if penalty == 1:
        return logits
    seen = np.flatnonzero(counts)
    penalized = logits.copy()
    penalized[seen] = np.where(logits[seen] > 0, logits[seen] / penalty, logits[seen] * penalty)
    return penalized


def apply_presence_and_frequency(
    logits: Logits, counts: Counts, presence: float, frequency: float
) -> Logits:
    """Lower the logit of token j by c[j] * frequency + (c[j] > 0) * presence (OpenAI API).

    Args:
        logits: shape (vocabulary,).
        counts: c, how often each token occurs in the recent text, shape (vocabulary,).
        presence: in logits, for a token that occurs; 0 changes nothing.
        frequency: in logits, for each time that a token occurs; 0 changes nothing.
    """
    if presence == frequency == 0:
        return logits
    penalty = counts * frequency + (counts > 0) * presence
    return logits - penalty.astype(logits.dtype)
