"""Filters: pure functions from logits to logits, where -inf means "never".

Each keeps at least one token and the order of those it keeps, and its neutral value changes
nothing. Shapes are (vocabulary,).
"""

import math

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]


def apply_top_k(logits: Logits, k: int) -> Logits:
    """Keep the k likeliest tokens (Fan, Lewis and Dauphin 2018); ties at the border all stay.

    Args:
        logits: shape (vocabulary,).
        k: how many to keep; 0 keeps all.
    """
    if not 0 < k < len(logits):
        return logits
    border = np.partition(logits, -k)[-k]
    return np.where(logits < border, -np.inf, logits).astype(logits.dtype)


def apply_top_p(logits: Logits, p: float) -> Logits:
    """Keep the likeliest tokens that together reach probability p (Holtzman et al. 2020).

    The token that crosses p is kept, and so are all as likely as it.

    Args:
        logits: shape (vocabulary,).
        p: above 0; 1 keeps all.
    """
    if p >= 1:
        return logits
    probabilities = softmax(logits)
    descending = np.sort(probabilities[probabilities > 0])[::-1]
    needed = int(np.searchsorted(np.cumsum(descending), p))
    border = descending[min(needed, len(descending) - 1)]
    return np.where(probabilities < border, -np.inf, logits).astype(logits.dtype)


def apply_min_p(logits: Logits, p: float) -> Logits:
    """Keep the tokens at least p times as likely as the likeliest (Nguyen et al. 2024).

    Args:
        logits: shape (vocabulary,).
        p: at most 1; 0 keeps all.
    """
    if p <= 0:
        return logits
    border = logits.max() + math.log(p)
    return np.where(logits < border, -np.inf, logits).astype(logits.dtype)


def apply_typical_p(logits: Logits, p: float) -> Logits:
    """Keep the tokens of the most typical surprise that reach probability p (Meister et al. 2022).

    A token's surprise is -ln of its probability, and the more typical the nearer it is to the
    entropy, its expected value. The token that crosses p is kept, and so are all as typical as
    it; the likeliest may not be.

    Args:
        logits: shape (vocabulary,).
        p: above 0; 1 keeps all.
    """
    if p >= 1:
        return logits
    possible = np.flatnonzero(logits > -np.inf)
    shifted = logits[possible].astype(np.float64) - logits.max()
    surprise = math.log(np.exp(shifted).sum()) - shifted
    probabilities = np.exp(-surprise)
    distance = np.abs(surprise - (probabilities * surprise).sum())
    nearest = np.argsort(distance)
    needed = int(np.searchsorted(np.cumsum(probabilities[nearest]), p))
    border = distance[nearest[min(needed, len(nearest) - 1)]]
    typical = np.full_like(logits, -np.inf)
    kept = possible[distance <= border]
    typical[kept] = logits[kept]
    return typical


def apply_temperature(logits: Logits, temperature: float) -> Logits:
    """Divide the logits by the temperature (Ackley, Hinton and Sejnowski 1985).

    At 0 only the likeliest token is left; the lowest id, if several are as likely.

    Args:
        logits: shape (vocabulary,).
        temperature: at least 0; 1 changes nothing.
    """
    if temperature == 1:
        return logits
    if temperature == 0:
        greedy = np.full_like(logits, -np.inf)
        greedy[np.argmax(logits)] = 0
        return greedy
    with np.errstate(over="ignore"):  # a tiny temperature sends all but the likeliest to -inf
        scaled = (logits.astype(np.float64) - logits.max()) / temperature
        return np.asarray(scaled.astype(logits.dtype))


def softmax(logits: Logits) -> NDArray[np.float64]:
    """Return the probabilities of logits, in double precision."""
    weights = np.exp(logits.astype(np.float64) - logits.max())
    result: NDArray[np.float64] = weights / weights.sum()
    return result
