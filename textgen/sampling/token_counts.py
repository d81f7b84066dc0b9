"""How often each token occurs among the last ones."""

from collections import deque
from collections.abc import Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray


class RecentTokenCounts:
    """Counts of the last tokens, kept up to date at a constant cost for each new one.

    Args:
        size: how many tokens back are counted; 0 none, -1 all.
        vocab_size: number of token types.
        tokens: those that came before, shape (tokens,).

    Attributes:
        counts: how often each token occurs, shape (vocabulary,); the same array at all times.
    """

    def __init__(
        self, size: int, vocab_size: int, tokens: Sequence[int] | NDArray[np.integer]
    ) -> None:
        first = 0 if size < 0 else max(len(tokens) - size, 0)
        recent = np.asarray(tokens[first:], np.int64)
        self.counts = np.bincount(recent, minlength=vocab_size)
        self._size = size
        self._window = deque(recent.tolist() if size >= 0 else ())  # none leaves, none is kept

    def append(self, token: int) -> None:
        """Count a new token, and the oldest no more if it is now too far back."""
        self.counts[token] += 1
        if self._size < 0:
            return
        self._window.append(token)
        if len(self._window) > self._size:
            self.counts[self._window.popleft()] -= 1

    def leaving(self, steps: int) -> NDArray[np.int64]:
        """Return which token is counted no more after each of the next tokens; -1 is none.

        Args:
            steps: how many tokens, at most as many as are counted.
        """
        none = steps if self._size < 0 else min(max(self._size - len(self._window), 0), steps)
        known = islice(self._window, steps - none)
        return np.array([-1] * none + list(known), np.int64)

    def distinct(self) -> NDArray[np.intp]:
        """Return the tokens that occur, ascending."""
        return (self.counts > 0).nonzero()[0]
