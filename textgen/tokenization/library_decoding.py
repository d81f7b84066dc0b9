"""Tokens of somebody else's tokenizer back to text, by the library."""

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as LibraryTokenizer

from textgen.tokenization.decoding import BROKEN, HELD, NOTHING, OPEN, Prompt
from textgen.tokenization.library_errors import as_data_errors


class LibraryDecoding:
    """Tokens of a tokenizer that somebody else made; ids are the library's, plus one."""

    def __init__(self, library: LibraryTokenizer) -> None:
        self._library = library

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes of what the library decodes an id alone to."""
        text: str = self._library.decode([token - 1], skip_special_tokens=False) if token else ""
        return text.encode()

    def misfits(self, begun: bytes) -> NDArray[np.intp]:
        """Return nothing: the library does not tell what bytes an id holds."""
        return NOTHING

    def begin(self, prompt: Prompt, *, strict: bool = False) -> "LibraryDetokenizer":
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

    def misfits(self) -> NDArray[np.intp]:
        """Return nothing; see `LibraryDecoding.misfits`."""
        return NOTHING

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
