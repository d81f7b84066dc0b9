"""A generation as an iterator over its text."""

import sys
import time
from collections.abc import Iterator
from typing import Annotated, NoReturn, Self

from textgen.config.arguments import in_range
from textgen.runtime.engine.engine import Engine
from textgen.runtime.generation.result import Generation
from textgen.runtime.generation.scheduler import MOST_STEPS, advance, read_part
from textgen.runtime.generation.sequence import TextSequence

# A call to the graph may take this long, so that text on a screen flows.
SMOOTH = 0.02  # seconds
# Tokens that the result of a stream holds, so that an endless one takes no more and more memory.
REMEMBERED = 1 << 14
Remembered = Annotated[int | None, in_range(0, sys.maxsize)]


class TextStream:
    """A generation while it runs: an iterator over its text that has a `result` at any time.

    Pieces come as soon as they are certain. None is empty, splits a character, or holds a part
    of a stop string. The first token comes by itself, later ones several in a call.

    Args:
        decoder: the model.
        writing: what is written.
    """

    def __init__(self, decoder: Engine, writing: TextSequence) -> None:
        self._decoder = decoder
        self._writing = writing
        self._steps = 1
        self._is_closed = False

    @property
    def seed(self) -> int:
        """Gives the same text again."""
        return self._writing.seed

    @property
    def written(self) -> int:
        """How many tokens are written, some of them ahead of the text that was taken."""
        return self._writing.written

    def read(self) -> Iterator[int]:
        """Read the prompt, as iterating does, but yield how many tokens each part of it has."""
        while len(self._writing.unread):
            yield read_part(self._decoder, self._writing)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        """Return the next piece of text.

        Raises:
            UsageError: a hook failed.
            DataError: a constraint cannot be kept.
        """
        while not self._is_closed:
            if text := self._writing.record.take():
                return text
            if self._writing.error:
                raise self._writing.error
            if self._writing.reason:
                raise StopIteration
            for _ in self.read():
                pass
            start = time.perf_counter()
            advance(self._decoder, [self._writing], self._steps)
            if time.perf_counter() - start < SMOOTH / 2:
                self._steps = min(2 * self._steps, MOST_STEPS)
        raise StopIteration

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a stream can be neither pickled nor copied, for it is at work; take its result(), or "
            "begin it where it is wanted"
        )

    def close(self) -> None:
        """Leave it: no piece comes any more, and nothing is computed."""
        self._is_closed = True

    def interrupt(self) -> None:
        """End the text as it is; what was held back comes as its last piece."""
        self._writing.interrupt()

    def result(self) -> Generation:
        """Return what has been generated so far; of very long texts, the end."""
        return self._writing.result()
