"""Token ids back to text, one by one: a pair of classes for each way in which tokens hold text."""

import codecs
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as LibraryTokenizer

from textgen.tokenization.library_errors import as_data_errors

Prompt = Sequence[int] | NDArray[np.integer]

BROKEN = "\ufffd"  # stands for bytes that are no character
OPEN = 3  # the most bytes of a character that is not whole yet; each may show as a broken one
HELD = OPEN * OPEN  # the most ids that so many broken characters can take


class Detokenizer(Protocol):
    """The way back to text of one stream of ids. Its memory does not grow."""

    @property
    def is_open(self) -> bool:
        """Whether the next id may complete a character."""

    def push(self, token: int) -> str:
        """Return the text that the next id completes, possibly none."""

    def finish(self) -> str:
        """Return what is left; broken characters become U+FFFD."""


class Decoding(Protocol):
    """What a `Tokenizer` asks of its way back to text."""

    def token_bytes(self, token: int) -> bytes:
        """Return the UTF-8 bytes that an id stands for; none for `<eos>`."""

    def begin(self, prompt: Prompt) -> Detokenizer:
        """Return the beginning of a stream.

        Args:
            prompt: the ids before it, whose text is not part of the stream.
        """


class ByteDecoding:
    """Tokens that are bytes: characters come out when they are whole."""

    def __init__(self, table: Sequence[bytes]) -> None:
        self._table = table

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes of an id."""
        return self._table[token]

    def begin(self, prompt: Prompt) -> "ByteDetokenizer":
        """Return a stream; the prompt makes no difference to it."""
        return ByteDetokenizer(self._table)


class ByteDetokenizer:
    """Bytes to characters, with Python's own incremental decoder."""

    def __init__(self, table: Sequence[bytes]) -> None:
        self._table = table
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._decode = self._decoder.decode

    @property
    def is_open(self) -> bool:
        """Whether the next id may complete a character."""
        return self._decoder.getstate()[0] != b""

    def push(self, token: int) -> str:
        """Return the characters that the bytes of an id complete."""
        return self._decode(self._table[token])

    def finish(self) -> str:
        """Return U+FFFD if a character is unfinished."""
        return self._decode(b"", final=True)


class WordDecoding:
    """Tokens that are words: a space goes between them."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes of a word, without the space."""
        return self._words[token].encode()

    def begin(self, prompt: Prompt) -> "WordDetokenizer":
        """Return a stream; its first word has a space before it if there is a prompt."""
        return WordDetokenizer(self._words, " " if len(prompt) else "")


class WordDetokenizer:
    """Words, with a space before each but the first of a text."""

    def __init__(self, words: Sequence[str], space: str) -> None:
        self._words = words
        self._space = space

    @property
    def is_open(self) -> bool:
        """Return no: words are whole."""
        return False

    def push(self, token: int) -> str:
        """Return the word of an id and the space before it; `<eos>` has neither."""
        if not (word := self._words[token]):
            return ""
        space, self._space = self._space, " "
        return space + word

    def finish(self) -> str:
        """Return nothing: words are whole."""
        return ""


class LibraryDecoding:
    """Tokens of a tokenizer that somebody else made; ids are the library's, plus one."""

    def __init__(self, library: LibraryTokenizer) -> None:
        self._library = library

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes of what the library decodes an id alone to."""
        text: str = self._library.decode([token - 1], skip_special_tokens=False) if token else ""
        return text.encode()

    def begin(self, prompt: Prompt) -> "LibraryDetokenizer":
        """Return a stream, whose text may depend on the last character of the prompt."""
        return LibraryDetokenizer(self._library, [t - 1 for t in prompt[-OPEN - 1 :] if t])


class LibraryDetokenizer:
    """What each id adds to the text of those just before it, which are decoded again with it.

    The library's own `DecodeStream` keeps all ids until one ends a whole character, so bytes that
    never do would fill the memory, and it fails where an id changes the text before it.

    Args:
        library: what decodes.
        before: the ids just before the stream, the first of which may be parts of a character.

    Raises:
        DataError: the library fails or panics; any method.
    """

    @as_data_errors()
    def __init__(self, library: LibraryTokenizer, before: list[int]) -> None:
        self._library = library
        self._ids = before
        while self._decode(self._ids).startswith(BROKEN):
            del self._ids[0]
        self._out = len(self._ids)  # ids whose text is out; that of the next may depend on them
        self._shown = len(self._decode(self._ids))  # characters that are out

    @property
    def is_open(self) -> bool:
        """Whether the next id may complete a character.

        Where it should have done so long ago, no character is waited for.
        """
        return 0 < len(self._ids) - self._out < HELD

    @as_data_errors()
    def push(self, token: int) -> str:
        """Return the characters that an id completes."""
        if not token:
            return ""
        self._ids.append(token - 1)
        text = self._decode(self._ids)
        if not text.endswith(BROKEN):
            return self._pass_on(text, len(text), held=0)
        if len(self._ids) - self._out <= HELD:
            return ""
        broken = len(text) - len(text.rstrip(BROKEN))
        return self._pass_on(text, len(text) - min(broken, OPEN), held=HELD)

    @as_data_errors()
    def finish(self) -> str:
        """Return what is left; broken characters become U+FFFD."""
        text = self._decode(self._ids)
        return self._pass_on(text, len(text), held=0)

    def _pass_on(self, text: str, end: int, held: int) -> str:
        """Return the new characters of the window's text, and move the window on.

        Args:
            text: of all ids in the window.
            end: where what is certain ends.
            held: ids at the end whose text may not all be certain.
        """
        piece = text[self._shown : end]
        hidden = len(text) - max(end, self._shown)
        del self._ids[: self._out]
        self._out = len(self._ids) - held
        self._shown = max(0, len(self._decode(self._ids)) - hidden)
        return piece

    def _decode(self, ids: list[int]) -> str:
        """Return the text of some ids."""
        text: str = self._library.decode(ids, skip_special_tokens=False)
        return text
