"""Mirostat 2: a filter that keeps the surprise of a text near a target (Basu et al. 2021)."""

import math

from textgen.sampling.filters import Logits, distribution, without

BITS = 1 / math.log(2)  # in a nat


def apply_mirostat(logits: Logits, limit: float) -> Logits:
    """Keep the tokens of at most some surprise, and the likeliest (Basu et al. 2021).

    Args:
        logits: shape (n,).
        limit: mu, the largest surprise, in bits; infinity changes nothing.
    """
    _, surprises = distribution(logits)
    return without(logits, surprises > max(limit / BITS, surprises.min()))


class Mirostat:
    """The limit of the surprise, corrected after each token by how surprising it was.

    Args:
        tau: surprise to aim at, in bits per token.
        eta: share of the error that is taken off the limit.
        limit: that it begins with; twice tau if not given.

    Attributes:
        limit: mu, in bits.
    """

    def __init__(self, tau: float, eta: float, limit: float | None = None) -> None:
        self.limit = 2 * tau if limit is None else limit
        self._tau = tau
        self._eta = eta

    def correct(self, surprise: float) -> None:
        """Learn the surprise of a token, in bits, among those that it was drawn from."""
        self.limit -= self._eta * (surprise - self._tau)
