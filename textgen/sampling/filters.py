"""Filters: pure functions from logits to logits, where -inf means "never".

Each keeps at least one token and the order of those it keeps, and its neutral value changes
nothing. Shapes are (n,), one logit for each candidate. The graph that draws by itself computes
top-k, min-p and temperature with the same operations in the same precision.
"""

import math

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]

FINITE = 1e300  # times 0 is 0, as infinity is not
# How finely many tokens are sorted by their surprise before a few are put in order.
BINS = 1024
BINS_PER_NAT = 16


def apply_top_n_sigma(logits: Logits, n: float) -> Logits:
    """Keep the logits within n standard deviations of the largest (Tang et al. 2024, "Top-nσ").

    Args:
        logits: shape (n,).
        n: in standard deviations of the possible tokens' logits; 0 keeps all.
    """
    if n <= 0:
        return logits
    sigma = logits[logits > -np.inf].std(dtype=np.float64)
    return without(logits, logits < logits.max() - n * sigma)


def apply_top_k(logits: Logits, k: int) -> Logits:
    """Keep the k likeliest tokens (Fan, Lewis and Dauphin 2018); ties at the border all stay.

    Args:
        logits: shape (n,).
        k: how many to keep; 0 keeps all.
    """
    if not 0 < k < len(logits):
        return logits
    return without(logits, logits < _kth_largest(logits, k))


def apply_typical_p(logits: Logits, p: float) -> Logits:
    """Keep the tokens of the most typical surprise that reach probability p (Meister et al. 2022).

    A token's surprise is -ln of its probability, and the more typical the nearer it is to the
    entropy, its expected value. The token that crosses p is kept, and so are all as typical as
    it; the likeliest may not be.

    Args:
        logits: shape (n,).
        p: above 0; 1 keeps all.
    """
    if p >= 1:
        return logits
    probabilities, surprises = distribution(logits)
    distances = surprises - _entropy(probabilities, surprises)
    np.abs(distances, out=distances)
    return without(logits, distances > _border(distances, probabilities, p))


def apply_top_p(logits: Logits, p: float) -> Logits:
    """Keep the likeliest tokens that together reach probability p (Holtzman et al. 2020).

    The token that crosses p is kept, and so are all as likely as it.

    Args:
        logits: shape (n,).
        p: above 0; 1 keeps all.
    """
    if p >= 1:
        return logits
    below = logits.max() - logits
    weights = np.exp(-below.astype(np.float64))
    return without(logits, below > _border(below, weights, p * float(weights.sum())))


def apply_min_p(logits: Logits, p: float) -> Logits:
    """Keep the tokens at least p times as likely as the likeliest (Nguyen et al. 2024).

    Args:
        logits: shape (n,).
        p: at most 1; 0 keeps all.
    """
    if p <= 0:
        return logits
    return without(logits, logits - logits.max() < np.float32(math.log(p)))


def apply_xtc(logits: Logits, probability: float, threshold: float, chance: float) -> Logits:
    """Leave out all likely tokens but the least likely of them ("exclude top choices").

    By p-e-w (text-generation-webui, pull request 6335; llama.cpp, 9742). Where fewer than two
    tokens reach the threshold, nothing changes; those that are least likely together all stay.

    Args:
        logits: shape (n,).
        probability: of leaving any out; 0 never does.
        threshold: the probability from which a token is likely.
        chance: a random number, at least 0 and below 1.
    """
    if chance >= probability:
        return logits
    likely = logits[softmax(logits) >= threshold]
    return without(logits, logits > likely.min()) if len(likely) else logits


def apply_temperature(logits: Logits, temperature: float) -> Logits:
    """Divide the logits by the temperature (Ackley, Hinton and Sejnowski 1985).

    At 0 only the likeliest token is left; the lowest id, if several are as likely.

    Args:
        logits: shape (n,).
        temperature: at least 0; 1 changes nothing.
    """
    if temperature == 1:
        return logits
    divisor = np.float32(temperature)
    if divisor == 0:
        greedy = np.full_like(logits, -np.inf)
        greedy[logits.argmax()] = 0
        return greedy
    with np.errstate(over="ignore"):  # a tiny temperature sends all but the likeliest to -inf
        scaled: Logits = (logits - logits.max()) / divisor
    return scaled


def dynamic_temperature(
    logits: Logits, temperature: float, spread: float, exponent: float
) -> float:
    """Return a temperature that is the higher the less sure the model is.

    It goes from temperature - spread (at least 0) to temperature + spread, with the entropy as a
    share of its largest possible value, ln n, to a power (llama.cpp, "dynatemp", by kalomaze).

    Args:
        logits: shape (n,).
        temperature: in the middle.
        spread: how far it moves; 0 not at all.
        exponent: the power.
    """
    possible = np.count_nonzero(logits > -np.inf)
    if spread <= 0 or possible == 1:
        return temperature
    share = _entropy(*distribution(logits)) / math.log(possible)
    lowest, highest = max(temperature - spread, 0.0), temperature + spread
    share = min(max(share, 0.0), 1.0)  # which rounding may have passed
    return lowest + (highest - lowest) * math.pow(share, exponent)


def softmax(logits: Logits) -> NDArray[np.float64]:
    """Return the probabilities of logits, in double precision."""
    return distribution(logits)[0]


def distribution(logits: Logits) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the probabilities of logits, and -ln of each, its surprise, in double precision.

    What is impossible has probability 0 and an infinite surprise.
    """
    # In place: with a large vocabulary, asking for memory takes longer than the sums.
    surprises = logits.astype(np.float64)
    surprises -= logits.max()
    probabilities = np.exp(surprises)
    total = float(probabilities.sum())
    probabilities /= total
    return probabilities, np.subtract(math.log(total), surprises, out=surprises)


def without(logits: Logits, out: NDArray[np.bool_]) -> Logits:
    """Return the logits with -inf where `out` says so."""
    kept = logits.copy()
    kept[out] = -np.inf
    return kept


def _kth_largest(logits: Logits, k: int) -> np.float32:
    """Return the k-th largest logit.

    Of many logits, most need no ordering: the k-th largest of the maxima of some groups is at
    most the k-th largest of all.
    """
    groups = 4 * k
    if len(logits) > 4 * groups:
        rows = logits[: len(logits) // groups * groups].reshape(-1, groups)
        maxima = np.partition(rows.max(axis=0), -k)
        logits = logits[logits >= maxima[-k]]
    border: np.float32 = np.partition(logits, -k)[-k]
    return border


def _entropy(probabilities: NDArray[np.float64], surprises: NDArray[np.float64]) -> float:
    """Return the expected surprise."""
    shares = np.minimum(surprises, FINITE)
    shares *= probabilities
    return float(shares.sum())


def _border(keys: NDArray[np.floating], weights: NDArray[np.float64], needed: float) -> float:
    """Return the smallest key such that those up to it weigh enough together.

    Of many keys, in nats, only those close to the border are put in order.
    """
    if len(keys) > BINS:
        scaled = keys * BINS_PER_NAT
        bins = np.minimum(scaled, BINS - 1, out=scaled).astype(np.intp)
        held = np.bincount(bins, weights).cumsum()
        last = min(int(held.searchsorted(needed)), len(held) - 1)
        needed -= held[last - 1] if last else 0
        close = bins == last
        keys, weights = keys[close], weights[close]
    order = keys.argsort()
    crossing = int(weights[order].cumsum().searchsorted(needed))
    return float(keys[order[min(crossing, len(order) - 1)]])
