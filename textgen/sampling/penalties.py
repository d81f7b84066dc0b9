"""Biases and penalties: pure functions that move the logits of some tokens.

Neutral values change nothing.
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


def apply_repetition_penalty(logits: Logits, at: NDArray[np.intp], penalty: float) -> Logits:
    """Divide the logits of recent tokens by the penalty (Keskar et al. 2019, section 4.1).

    Negative ones are multiplied instead, so that a penalty above 1 lowers every logit.

    Args:
        logits: shape (n,).
        at: where among the candidates the recent tokens are, shape (m,).
        penalty: above 0; 1 changes nothing.
    """
    if penalty == 1:
        return logits
    penalized = logits.copy()
    before = logits[at]
    penalized[at] = np.where(before > 0, before / penalty, before * penalty)
    return penalized


def apply_presence_and_frequency(
    logits: Logits, at: NDArray[np.intp], counts: Counts, presence: float, frequency: float
) -> Logits:
    """Lower the logit of a token that occurs c > 0 times by c * frequency + presence (OpenAI API).

    Args:
        logits: shape (n,).
        at: where among the candidates the recent tokens are, each once; shape (m,).
        counts: c, how often each of them occurs in the recent text, shape (m,).
        presence: in logits; 0 changes nothing.
        frequency: in logits, for each time that a token occurs; 0 changes nothing.
    """
    if presence == frequency == 0:
        return logits
    penalized = logits.copy()
    factor, constant = np.float32(frequency), np.float32(presence)
    penalized[at] -= counts.astype(np.float32) * factor + constant
    return penalized
