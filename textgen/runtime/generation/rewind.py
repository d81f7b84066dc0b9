"""What is kept of a text in the making, so that it can go back to the choice of a token."""

from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textgen.runtime.engine.state import State


class RewindPoint(NamedTuple):
    """Where a text stood between two calls to the model.

    Attributes:
        written: how many tokens it had.
        last: the token that was fed next.
        state: before that; None before the first.
        unread: the tokens of the prompt after that.
        limit: Mirostat's, if it is on.
    """

    written: int
    last: int
    state: State | None
    unread: NDArray[np.int32]
    limit: float | None


class RewindHistory:
    """The last tokens of a text, states between them, and which were found to lead to nothing.

    Args:
        known: the tokens that the text begins with, shape (tokens,).
        reach: how many tokens have to be known before each; None for all.

    Attributes:
        refused: tokens that may not be chosen, by the number of the choice, counted from 0.
    """

    def __init__(self, known: NDArray[np.integer], reach: int | None) -> None:
        self.refused: dict[int, set[int]] = {}
        self._reach = reach
        self._tokens = deque(known[-reach:].tolist() if reach is not None else known.tolist())
        self._marks = deque[RewindPoint]()

    def append(self, token: int) -> None:
        """Take the next token."""
        self._tokens.append(token)

    def add_mark(self, mark: RewindPoint, certain: int) -> None:
        """Take note of where the text stands.

        Args:
            mark: where.
            certain: how many tokens will never be taken back.
        """
        marks = self._marks
        marks.append(mark)
        while len(marks) > 1 and marks[1].written <= certain:
            marks.popleft()
        for number in [number for number in self.refused if number < certain]:
            del self.refused[number]
        if self._reach is not None:
            since = mark.written - min(certain, marks[0].written)  # what may be fed again
            for _ in range(len(self._tokens) - since - self._reach):
                self._tokens.popleft()

    def last(self, count: int) -> list[int]:
        """Return the last tokens."""
        return list(islice(self._tokens, len(self._tokens) - count, None))

    def before(self, count: int) -> NDArray[np.int64]:
        """Return the tokens that are known before the last ones, of shape (tokens,)."""
        return np.fromiter(islice(self._tokens, len(self._tokens) - count), np.int64)

    def refuse(self, number: int, tokens: Iterable[int]) -> None:
        """Let some tokens not be chosen again in the place of one; forget what came of it."""
        self.refused = {n: kept for n, kept in self.refused.items() if n <= number}
        self.refused.setdefault(number, set()).update(tokens)

    def go_back(self, count: int, number: int) -> RewindPoint:
        """Forget the last tokens; return the last mark before a token.

        Args:
            count: how many tokens are forgotten.
            number: of the first of them.
        """
        for _ in range(count):
            self._tokens.pop()
        while self._marks[-1].written > number:
            self._marks.pop()
        return self._marks[-1]
