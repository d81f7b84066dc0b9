"""A generation as an iterator over its text."""

import sys
import time
from collections.abc import Iterator
from typing import Annotated, NoReturn, Self

from textgen.config.arguments import in_range
from textgen.runtime.engine.engine import Engine
from textgen.runtime.generation.loop import MOST_STEPS, advance, interrupt, read_prompt
from textgen.runtime.generation.result import Generation
from textgen.runtime.generation.sequence import TextSequence

# A call of the engine may take this long, so that text on a screen flows.
SMOOTH = 0.02  # seconds
# Tokens that the result of a stream holds, so that an endless one takes no more and more memory.
REMEMBERED = 1 << 14
Remembered = Annotated[int | None, in_range(0, sys.maxsize)]


class TextStream:
    """A generation while it runs: an iterator over its text that has a `result` at any time.

    Text comes as soon as it is committed. No chunk is empty, splits a character, or holds a part
    of a stop string. The first token comes by itself, later ones several in a call.

        >>> from textgen import TextGenerator
        >>> stream = TextGenerator.from_pretrained().stream("It was", seed=1, max_new_tokens=5)
        >>> text = "".join(stream)
        >>> stream.result().text == text
        True

    Args:
        engine: the model.
        sequence: the sequence that is generated.
    """

    def __init__(self, engine: Engine, sequence: TextSequence) -> None:
        self._engine = engine
        self._sequence = sequence
        self._steps = 1
        self._is_closed = False

    @property
    def seed(self) -> int:
        """The seed, which gives the same text again."""
        return self._sequence.seed

    @property
    def written(self) -> int:
        """Number of new tokens, some of which may be ahead of the text that was taken."""
        return self._sequence.token_count

    def read(self) -> Iterator[int]:
        """Read the prompt, as iterating does; yield the number of tokens of each part."""
        return read_prompt(self._engine, self._sequence)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        """Return the next chunk of text.

        Raises:
            UsageError: a logits processor failed.
            DataError: a constraint cannot be kept.
        """
        while not self._is_closed:
            if text := self._sequence.output.take():
                return text
            if self._sequence.error:
                raise self._sequence.error
            if self._sequence.finish_reason:
                raise StopIteration
            for _ in self.read():
                pass
            start = time.perf_counter()
            advance(self._engine, [self._sequence], self._steps)
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
        """Leave it: no chunk comes any more, and nothing is computed."""
        self._is_closed = True

    def interrupt(self) -> None:
        """End the text as it is; text that was held back comes as its last chunk."""
        interrupt(self._sequence)

    def result(self) -> Generation:
        """Return the generation so far; of a very long text, its end."""
        return self._sequence.result()
