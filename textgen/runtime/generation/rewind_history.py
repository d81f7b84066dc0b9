"""The history that a sequence needs to be rewound: its last tokens, and states between them."""

from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textgen.runtime.engine.state import State


class RewindPoint(NamedTuple):
    """A sequence between two calls of the engine.

    Attributes:
        token_count: number of new tokens.
        last_token: the token that the engine is fed next.
        state: the model's state before that token; None is the zero state.
        unread: tokens of the prompt after that.
        mirostat_mu: Mirostat's mu, if it is on.
    """

    token_count: int
    last_token: int
    state: State | None
    unread: NDArray[np.int32]
    mirostat_mu: float | None


class RewindHistory:
    """The last tokens of a sequence, its rewind points, and the tokens that were refused.

    Args:
        known: the tokens before the new text, of shape (tokens,).
        reach: number of tokens that have to be known before each token; None for all.

    Attributes:
        refused: tokens that may not be chosen again, by the index of the new token.
    """

    def __init__(self, known: NDArray[np.integer], reach: int | None) -> None:
        self.refused: dict[int, set[int]] = {}
        self._reach = reach
        self._tokens = deque(known[-reach:].tolist() if reach is not None else known.tolist())
        self._points = deque[RewindPoint]()

    def append(self, token: int) -> None:
        """Add the next token."""
        self._tokens.append(token)

    def add_point(self, point: RewindPoint, committed: int) -> None:
        """Add a rewind point, and forget what is not needed any more.

        Args:
            point: the sequence as it is now.
            committed: number of new tokens that will never be taken back.
        """
        points = self._points
        points.append(point)
        while len(points) > 1 and points[1].token_count <= committed:
            points.popleft()
        for index in [index for index in self.refused if index < committed]:
            del self.refused[index]
        if self._reach is not None:
            fed_again = point.token_count - min(committed, points[0].token_count)
            for _ in range(len(self._tokens) - fed_again - self._reach):
                self._tokens.popleft()

    def last(self, count: int) -> list[int]:
        """Return the last tokens."""
        return list(islice(self._tokens, len(self._tokens) - count, None))

    def before(self, count: int) -> NDArray[np.int64]:
        """Return the tokens before the last ones, of shape (tokens,)."""
        return np.fromiter(islice(self._tokens, len(self._tokens) - count), np.int64)

    def refuse(self, index: int, tokens: Iterable[int]) -> None:
        """Refuse some tokens at an index, and forget what was refused after it."""
        self.refused = {i: refused for i, refused in self.refused.items() if i <= index}
        self.refused.setdefault(index, set()).update(tokens)

    def rewind(self, count: int, index: int) -> RewindPoint:
        """Forget the last tokens; return the last rewind point before a token.

        Args:
            count: number of tokens to forget.
            index: of the first of them among the new tokens.
        """
        for _ in range(count):
            self._tokens.pop()
        while self._points[-1].token_count > index:
            self._points.pop()
        return self._points[-1]
