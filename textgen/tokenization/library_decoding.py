"""Decoding of the tokens of a foreign tokenizer, by the library."""

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as LibraryTokenizer

from textgen.tokenization.decoding import BROKEN, HELD, NOTHING, OPEN, Prompt
from textgen.tokenization.library_errors import as_data_errors


class LibraryDecoding:
    """Decoder of a foreign tokenizer, whose ids are the library's plus one."""

    def __init__(self, library: LibraryTokenizer) -> None:
        self._library = library

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes of the text that the library decodes an id to on its own."""
        text: str = self._library.decode([token - 1], skip_special_tokens=False) if token else ""
        return text.encode()

    def misfits(self, begun: bytes) -> NDArray[np.intp]:
        """Return nothing, since the library does not give the bytes of an id."""
        return NOTHING

    def begin(self, prompt: Prompt, *, strict: bool = False) -> "LibraryDetokenizer":
        """Return a stream, whose text may depend on the last character of the prompt."""
        return LibraryDetokenizer(self._library, [t - 1 for t in prompt[-OPEN - 1 :] if t])


class LibraryDetokenizer:
    """Decoder of a stream by the library: decodes the last ids again with each new one.

    The library's own `DecodeStream` keeps all ids until one completes a character, so that bytes
    which never do fill the memory. It also fails where an id changes the text before it.

    Args:
        library: the tokenizer.
        before: the ids just before the stream, the first of which may be parts of a character.

    Raises:
        DataError: the library fails or panics, in any method.
    """

    @as_data_errors()
    def __init__(self, library: LibraryTokenizer, before: list[int]) -> None:
        self._library = library
        self._ids = before
        while self._decode(self._ids).startswith(BROKEN):
            del self._ids[0]
        self._out = len(self._ids)  # ids whose text was given out; the next may depend on them
        self._shown = len(self._decode(self._ids))  # characters that were given out

    @property
    def is_open(self) -> bool:
        """Whether the next id may complete a character.

        If too many ids have not completed one, there is none.
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
        """Return the rest of the text; broken characters become U+FFFD."""
        text = self._decode(self._ids)
        return self._pass_on(text, len(text), held=0)

    def misfits(self) -> NDArray[np.intp]:
        """Return nothing; see `LibraryDecoding.misfits`."""
        return NOTHING

    def _pass_on(self, text: str, end: int, held: int) -> str:
        """Return the new characters in the window's text, and advance the window.

        Args:
            text: of all ids in the window.
            end: of the text that is final.
            held: ids at the end whose text may not be final.
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
