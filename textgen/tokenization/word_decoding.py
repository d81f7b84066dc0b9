"""Decoding of tokens that are whole words."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from textgen.tokenization.decoding import NOTHING, Prompt


class WordDecoding:
    """Decoder of tokens that are words, with a space between them."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes of a word, without the space."""
        return self._words[token].encode()

    def misfits(self, begun: bytes) -> NDArray[np.intp]:
        """Return nothing, since any word may follow."""
        return NOTHING

    def begin(self, prompt: Prompt, *, strict: bool = False) -> "WordDetokenizer":
        """Return a stream; its first word has a space before it if there is a prompt."""
        return WordDetokenizer(self._words, " " if len(prompt) else "")


class WordDetokenizer:
    """Decoder of a stream of words, with a space before each but the first of a text."""

    def __init__(self, words: Sequence[str], space: str) -> None:
        self._words = words
        self._space = space

    @property
    def is_open(self) -> bool:
        """Whether the next id may complete a character: never, since words are whole."""
        return False

    def push(self, token: int) -> str:
        """Return the word of an id and the space before it; `<eos>` has neither."""
        if not (word := self._words[token]):
            return ""
        space, self._space = self._space, " "
        return space + word

    def finish(self) -> str:
        """Return nothing, since words are whole."""
        return ""

    def misfits(self) -> NDArray[np.intp]:
        """Return nothing, since any word may follow."""
        return NOTHING
