"""Immutable snapshots of llguidance's matcher."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from llguidance import LLMatcher

Key = tuple[bytes, bool]


class MatcherState(NamedTuple):
    """The state of a matcher after some tokens; advancing it makes another state.

    The trie holds each token twice: as the first of a text and as a later one.

    Attributes:
        matcher: the library's `LLMatcher`.
        row: row of token 0 in the trie at this point.
        later: row of token 0 at every point but the beginning.
        mask: allowed tokens, one bit for each row.
        is_complete: whether the text may end here.
    """

    matcher: "LLMatcher"
    row: int
    later: int
    mask: bytes
    is_complete: bool

    @classmethod
    def begin(cls, matcher: "LLMatcher", later: int) -> "MatcherState":
        """Return the state before the first token."""
        return cls(matcher, 0, later, matcher.compute_bitmask(), matcher.is_accepting())

    @property
    def key(self) -> Key:
        """The visible part of the state; different states may share it."""
        return self.mask, self.is_complete

    @property
    def is_dead(self) -> bool:
        """Whether the text can neither end here nor go on."""
        return not self.is_complete and not any(self.mask)

    def copy(self) -> "MatcherState":
        """Return a copy that `push` may consume."""
        return self._replace(matcher=self.matcher.deep_copy())

    def push(self, tokens: Sequence[int]) -> "MatcherState | None":
        """Return the state after some tokens, or None if they do not fit; consumes this state."""
        rows = [self.row + tokens[0], *(self.later + token for token in tokens[1:])]
        if len(rows) > 1 and self.matcher.validate_tokens(rows) < len(rows):
            return None
        if self.matcher.try_consume_tokens(rows) < len(rows):
            return None
        mask, is_complete = self.matcher.compute_bitmask(), self.matcher.is_accepting()
        return MatcherState(self.matcher, self.later, self.later, mask, is_complete)

    def after(self, tokens: Sequence[int]) -> "MatcherState | None":
        """Return the state after some tokens, or None if they do not fit."""
        return self.copy().push(tokens) if tokens else self

    def allowed(self, vocab_size: int) -> NDArray[np.bool_]:
        """Return the mask of allowed tokens, shape (vocab_size,); `<eos>` is not decided here."""
        rows = np.unpackbits(np.frombuffer(self.mask, np.uint8), bitorder="little")
        return rows.view(np.bool_)[self.row :][:vocab_size]
