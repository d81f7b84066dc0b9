"""Token ids back to text, one by one: what each way in which tokens hold text can do."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Prompt = Sequence[int] | NDArray[np.integer]

BROKEN = "\ufffd"  # stands for bytes that are no character
OPEN = 3  # the most bytes of a character that is not whole yet; each may show as a broken one
HELD = OPEN * OPEN  # the most ids that so many broken characters can take
NOTHING = np.zeros(0, np.intp)


class Misfit(ValueError):
    """An id whose bytes make no character behind those before it."""


class Detokenizer(Protocol):
    """The way back to text of one stream of ids. Its memory does not grow."""

    @property
    def is_open(self) -> bool:
        """Whether the next id may complete a character."""

    def push(self, token: int) -> str:
        """Return the text that the next id completes, possibly none.

        Raises:
            Misfit: the stream is strict, and the id cannot follow; nothing changes.
        """

    def finish(self) -> str:
        """Return what is left; broken characters become U+FFFD."""

    def misfits(self) -> NDArray[np.intp]:
        """Return the ids that a strict stream does not take next, as far as that can be told.

        Returns:
            Ascending, of shape (ids,).
        """


class Decoding(Protocol):
    """What a `Tokenizer` asks of its way back to text."""

    def token_bytes(self, token: int) -> bytes:
        """Return the UTF-8 bytes that an id stands for; none for `<eos>`."""

    def misfits(self, begun: bytes) -> NDArray[np.intp]:
        """Return the ids whose bytes make no characters behind the beginning of one.

        Args:
            begun: the first bytes of a character, or none.

        Returns:
            Ascending, of shape (ids,). None where it cannot be told what bytes an id holds.
        """

    def begin(self, prompt: Prompt, *, strict: bool = False) -> Detokenizer:
        """Return the beginning of a stream.

        Args:
            prompt: the ids before it, whose text is not part of the stream.
            strict: whether it refuses ids whose bytes make no character behind those before
                them, and `<eos>` within a character; where it can tell.
        """
