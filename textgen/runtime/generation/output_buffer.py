"""The output buffer of a generation: its tokens, their log-probabilities, and its text."""

from collections import deque
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from textgen.runtime.generation.text_assembler import TextChunk


class OutputBuffer:
    """The last tokens of a generation, and its committed text, of which some may not be taken.

    Args:
        capacity: number of tokens, and of text chunks, that are kept; None for all.

    Attributes:
        tokens, logprobs: of the last tokens.
        texts: the last committed text, one string for each chunk.
        last_taken: the chunk that was taken last; None if none was.
    """

    def __init__(self, capacity: int | None) -> None:
        self.tokens = deque[int](maxlen=capacity)
        self.logprobs = deque[float](maxlen=capacity)
        self.texts = deque[str](maxlen=capacity)
        self.last_taken: TextChunk | None = None
        self._untaken = deque[TextChunk]()

    def append(self, token: int, logprob: float) -> None:
        """Add a token."""
        self.tokens.append(token)
        self.logprobs.append(logprob)

    def take_back(self, count: int) -> None:
        """Remove the last tokens, whose text is not committed."""
        for _ in range(min(count, len(self.tokens))):
            self.tokens.pop()
            self.logprobs.pop()

    def last_tokens(self, count: int) -> NDArray[np.int32]:
        """Return the last tokens, of shape (count,)."""
        return np.array(list(islice(reversed(self.tokens), count))[::-1], np.int32)

    def commit(self, chunk: TextChunk | None) -> None:
        """Add committed text, if there is any."""
        if chunk:
            self.texts.append(chunk.text)
            self._untaken.append(chunk)

    @property
    def taken_texts(self) -> list[str]:
        """The last texts that were taken."""
        return list(self.texts)[: max(len(self.texts) - len(self._untaken), 0)]

    def take(self) -> str:
        """Return the next committed text that was not taken; "" if there is none."""
        if not self._untaken:
            return ""
        self.last_taken = self._untaken.popleft()
        return self.last_taken.text
