"""Decoding of token ids, one by one: the protocols that every kind of token follows."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Prompt = Sequence[int] | NDArray[np.integer]

BROKEN = "\ufffd"  # replaces bytes that are no character
OPEN = 3  # the most bytes of an incomplete character; each may show as a broken character
HELD = OPEN * OPEN  # the most ids of that many broken characters
NOTHING = np.zeros(0, np.intp)


class Misfit(ValueError):
    """An id whose bytes make no character after the previous ones."""


class Detokenizer(Protocol):
    """The decoder of one stream of ids. Its memory does not grow."""

    @property
    def is_open(self) -> bool:
        """Whether the next id may complete a character."""

    def push(self, token: int) -> str:
        """Return the text that the next id completes; it may be empty.

        Raises:
            Misfit: the stream is strict, and the id cannot follow; nothing changes.
        """

    def finish(self) -> str:
        """Return the rest of the text; broken characters become U+FFFD."""

    def misfits(self) -> NDArray[np.intp]:
        """Return the ids that a strict stream does not take next, as far as that is known.

        Returns:
            Ascending, of shape (ids,).
        """


class Decoding(Protocol):
    """The decoder of a `Tokenizer`."""

    def token_bytes(self, token: int) -> bytes:
        """Return the UTF-8 bytes of an id; none for `<eos>`."""

    def misfits(self, begun: bytes) -> NDArray[np.intp]:
        """Return the ids whose bytes make no characters after the beginning of one.

        Args:
            begun: the first bytes of a character, or none.

        Returns:
            Ascending, of shape (ids,). Empty where the bytes of an id are unknown.
        """

    def begin(self, prompt: Prompt, *, strict: bool = False) -> Detokenizer:
        """Return a new stream.

        Args:
            prompt: the ids before it, whose text is not part of the stream.
            strict: whether it refuses ids whose bytes make no character after the previous
                ones, and `<eos>` within a character, where the bytes of ids are known.
        """
