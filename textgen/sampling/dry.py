"""DRY ("don't repeat yourself"): a penalty on tokens that would go on with a repetition.

By p-e-w (text-generation-webui, pull request 5677); the meaning is that of llama.cpp's `dry`.
"""

from collections.abc import Collection, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from textgen.sampling.filters import Logits

Lengths = NDArray[np.int64]

# Stands in the window for a breaker, and for what was before the text; equal to no token.
NOTHING = -1
# A penalty grows without limit; a logit has to stay a number. 100 times this is one, too.
LARGEST = 1e30


def apply_dry(
    logits: Logits, at: NDArray[np.intp], excess: Lengths, multiplier: float, base: float
) -> Logits:
    """Lower the logits of tokens that extend a repetition by multiplier * base^excess.

    Args:
        logits: shape (n,).
        at: where among the candidates the tokens are, shape (m,); of one that is there twice, the
            larger excess counts.
        excess: length of the repetition, before the token, less the length allowed; shape (m,).
        multiplier: in logits; 0 changes nothing.
        base: at least 1.
    """
    if multiplier == 0 or not len(at):
        return logits
    with np.errstate(over="ignore"):
        growth = np.minimum(base ** excess.astype(np.float64), LARGEST)
    penalized = logits.copy()
    np.minimum.at(penalized, at, logits[at] - (multiplier * growth).astype(logits.dtype))
    return penalized


def breaker_tokens(breakers: Sequence[str], tokens: Iterable[bytes]) -> frozenset[int]:
    """Return the tokens that break repetitions: those whose text contains a breaker.

    A breaker that only several tokens spell together breaks nothing.

    Args:
        breakers: texts.
        tokens: what each token is, in the order of the ids.
    """
    parts = [breaker.encode() for breaker in breakers]
    return frozenset(
        number for number, token in enumerate(tokens) if any(part in token for part in parts)
    )


class Repetitions:
    """How far the end of a text repeats what stands before each of its last tokens.

    A new token costs the same however long the repetitions are: as the window moves, each place
    keeps its distance to the end, so its repetition goes on by one token or is over.

    Args:
        size: how many tokens the window holds.
        breakers: tokens that no repetition holds.
        tokens: the text so far, shape (tokens,).
    """

    def __init__(
        self,
        size: int,
        breakers: Collection[int],
        tokens: Sequence[int] | NDArray[np.integer],
    ) -> None:
        self._breakers = breakers
        last = [self._held(token) for token in np.asarray(tokens[-size:], np.int64).tolist()]
        self._window = np.full(size, NOTHING, np.int64)
        self._lengths = np.zeros(size, np.int64)  # of the tokens before each that end the text, too
        if last:
            self._window[-len(last) :] = last
            self._lengths[-len(last) :] = _common_endings(last)
        self._possible = np.arange(size)  # how many tokens of the window stand before each

    def append(self, token: int) -> None:
        """Go on with a token."""
        window, lengths = self._window, self._lengths
        window[:-1] = window[1:]
        lengths[1:] += 1
        lengths[1:] *= window[:-1] == token  # a breaker is nowhere in the window
        window[-1] = self._held(token)

    def extended(self, shortest: int) -> tuple[NDArray[np.int64], Lengths]:
        """Return the tokens that would go on with a repetition of at least some length.

        Returns:
            the tokens and the lengths of the repetitions, both of shape (m,); a token is there
            once for each place in the window where it followed one.
        """
        lengths = np.minimum(self._lengths, self._possible)
        long = ((lengths >= shortest) & (self._window != NOTHING)).nonzero()[0]
        return self._window[long], lengths[long]

    def _held(self, token: int) -> int:
        """Return what stands for a token in the window."""
        return NOTHING if token in self._breakers else token


def _common_endings(tokens: Sequence[int]) -> list[int]:
    """Return how many tokens before each are the same as those at the end.

    The Z-algorithm (Gusfield 1997, section 1.4) from the end, in linear time.
    """
    reverse = tokens[::-1]
    limit = reverse.index(NOTHING) if NOTHING in reverse else len(reverse)
    common = [0] * len(reverse)
    left = right = 0  # reverse[left:right] is the same as reverse[: right - left]
    for start in range(1, len(reverse)):
        length = min(common[start - left], right - start) if start < right else 0
        while length < limit and start + length < len(reverse):
            if reverse[length] != reverse[start + length]:
                break
            length += 1
        common[start] = length
        if start + length > right:
            left, right = start, start + length
    return [0, *common[:0:-1]]
