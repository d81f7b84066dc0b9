"""The tokens that may come next."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textgen.sampling.filters import Logits


class Candidates(NamedTuple):
    """Tokens and their logits, of which there are at least one.

    Attributes:
        ids: the tokens, ascending, shape (n,).
        logits: of each, shape (n,).
    """

    ids: NDArray[np.int64]
    logits: Logits

    def with_logits(self, logits: Logits) -> "Candidates":
        """Return them with other logits, without those that are now -inf.

        Args:
            logits: shape (n,).
        """
        kept = (logits > -np.inf).nonzero()[0]
        if len(kept) == len(logits):
            return Candidates(self.ids, logits)
        return Candidates(self.ids[kept], logits[kept])

    def find(self, tokens: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return where those of some tokens are that are candidates.

        Args:
            tokens: shape (m,).

        Returns:
            places in `ids`, and in `tokens`, both of shape (found,).
        """
        at = np.minimum(self.ids.searchsorted(tokens), len(self.ids) - 1)
        found = (self.ids[at] == tokens).nonzero()[0]
        return at[found], found
