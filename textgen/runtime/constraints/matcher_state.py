"""Where a text stands in its grammar."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from llguidance import LLMatcher

Key = tuple[bytes, bool]


class MatcherState(NamedTuple):
    """A place behind some tokens; going on makes another one.

    The library numbers tokens twice, as the first of a text and as a later one.

    Attributes:
        matcher: the library's.
        row: the number of token 0 here, from which the others are counted.
        later: that number everywhere but at the beginning.
        mask: which tokens may come next, a bit for each of the library's.
        is_complete: whether the text may end here.
    """

    matcher: "LLMatcher"
    row: int
    later: int
    mask: bytes
    is_complete: bool

    @classmethod
    def begin(cls, matcher: "LLMatcher", later: int) -> "MatcherState":
        """Return the place before the first token."""
        return cls(matcher, 0, later, matcher.compute_bitmask(), matcher.is_accepting())

    @property
    def key(self) -> Key:
        """What can be seen of the place; others may look the same."""
        return self.mask, self.is_complete

    @property
    def is_dead(self) -> bool:
        """Whether the text can neither end here nor go on."""
        return not self.is_complete and not any(self.mask)

    def copy(self) -> "MatcherState":
        """Return the same place, which `push` may use up."""
        return self._replace(matcher=self.matcher.deep_copy())

    def push(self, tokens: Sequence[int]) -> "MatcherState | None":
        """Return the place behind some tokens, and use this one up; None where they do not fit."""
        rows = [self.row + tokens[0], *(self.later + token for token in tokens[1:])]
        if len(rows) > 1 and self.matcher.validate_tokens(rows) < len(rows):
            return None
        if self.matcher.try_consume_tokens(rows) < len(rows):
            return None
        mask, is_complete = self.matcher.compute_bitmask(), self.matcher.is_accepting()
        return MatcherState(self.matcher, self.later, self.later, mask, is_complete)

    def after(self, tokens: Sequence[int]) -> "MatcherState | None":
        """Return the place behind further tokens; None where they do not fit."""
        return self.copy().push(tokens) if tokens else self

    def allowed(self, vocab_size: int) -> NDArray[np.bool_]:
        """Return which tokens may come next, shape (vocab_size,); nothing certain for `<eos>`."""
        rows = np.unpackbits(np.frombuffer(self.mask, np.uint8), bitorder="little")
        return rows.view(np.bool_)[self.row :][:vocab_size]
