"""Mirostat 2: a filter that keeps the surprisal of a text near a target (Basu et al. 2021)."""

import math

from textgen.sampling.filters import Logits, distribution, without

BITS = 1 / math.log(2)  # in a nat


def apply_mirostat(logits: Logits, mu: float) -> Logits:
    """Keep the likeliest token, and those of at most some surprisal (Basu et al. 2021).

    Args:
        logits: shape (n,).
        mu: the largest surprisal, in bits; infinity changes nothing.
    """
    _, surprisals = distribution(logits)
    return without(logits, surprisals > max(mu / BITS, surprisals.min()))


class Mirostat:
    """The largest surprisal, corrected after each token by the token's own surprisal.

    Args:
        tau: surprisal to aim at, in bits per token.
        eta: share of the error that is taken off mu.
        mu: its first value; twice tau if not given.

    Attributes:
        mu: the largest surprisal, in bits.
    """

    def __init__(self, tau: float, eta: float, mu: float | None = None) -> None:
        self.mu = 2 * tau if mu is None else mu
        self._tau = tau
        self._eta = eta

    def correct(self, surprisal: float) -> None:
        """Learn the surprisal of a token, in bits, among those that it was drawn from."""
        self.mu -= self._eta * (surprisal - self._tau)
