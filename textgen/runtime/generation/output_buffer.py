"""What a generation has written: its tokens and its text, of which nobody may have taken some."""

from collections import deque
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from textgen.runtime.generation.text_assembler import TextChunk


class OutputBuffer:
    """The last tokens of a generation, and what they read like.

    Args:
        remembered: how many tokens, and how many pieces of text, are kept; None for all.

    Attributes:
        tokens, logprobs, pieces: the last ones.
        taken: the last piece of certain text that was taken, if one was.
    """

    def __init__(self, remembered: int | None) -> None:
        self.tokens = deque[int](maxlen=remembered)
        self.logprobs = deque[float](maxlen=remembered)
        self.pieces = deque[str](maxlen=remembered)
        self.taken: TextChunk | None = None
        self._new = deque[TextChunk]()  # that nobody has taken

    def append(self, token: int, logprob: float) -> None:
        """Add a token."""
        self.tokens.append(token)
        self.logprobs.append(logprob)

    def take_back(self, count: int) -> None:
        """Remove the last tokens, whose text is not out."""
        for _ in range(min(count, len(self.tokens))):
            self.tokens.pop()
            self.logprobs.pop()

    def last_tokens(self, count: int) -> NDArray[np.int32]:
        """Return the last tokens, of shape (count,)."""
        return np.array(list(islice(reversed(self.tokens), count))[::-1], np.int32)

    def write(self, piece: TextChunk | None) -> None:
        """Add certain text."""
        if piece:
            self.pieces.append(piece.text)
            self._new.append(piece)

    @property
    def taken_pieces(self) -> list[str]:
        """The last pieces of certain text that were taken."""
        return list(self.pieces)[: max(len(self.pieces) - len(self._new), 0)]

    def take(self) -> str:
        """Return the next piece of certain text that was not returned before; "" if none is."""
        if not self._new:
            return ""
        self.taken = self._new.popleft()
        return self.taken.text
