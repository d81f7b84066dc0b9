"""Token ids back to text, as a stream: one class for each way in which tokens hold text."""

import codecs
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as LibraryTokenizer
from tokenizers.decoders import DecodeStream

Prompt = Sequence[int] | NDArray[np.integer]


class Decoding(Protocol):
    """What a `Tokenizer` asks of its way back to text."""

    def token_bytes(self, token: int) -> bytes:
        """Return the UTF-8 bytes that an id stands for; none for `<eos>`."""

    def stream(self, tokens: Iterable[int], prompt: Prompt) -> Iterator[str]:
        """Yield the text that each id completes, then what is left.

        One piece an id, possibly empty, and one at the end.

        Args:
            tokens: ids.
            prompt: the ids before them, whose text is not part of the stream.
        """


class ByteDecoding:
    """Tokens that are bytes: characters come out when they are whole."""

    def __init__(self, table: Sequence[bytes]) -> None:
        self._table = table

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes of an id."""
        return self._table[token]

    def stream(self, tokens: Iterable[int], prompt: Prompt) -> Iterator[str]:
        """Yield the characters that each id completes; broken ones become U+FFFD."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        for token in tokens:
            yield decoder.decode(self._table[token])
        yield decoder.decode(b"", final=True)


class WordDecoding:
    """Tokens that are words: a space goes between them."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes of a word, without the space."""
        return self._words[token].encode()

    def stream(self, tokens: Iterable[int], prompt: Prompt) -> Iterator[str]:
        """Yield the words, with a space before each but the first of a text."""
        space = " " if len(prompt) else ""
        for token in tokens:
            word = self._words[token]
            yield space + word if word else ""
            space = " " if word else space
        yield ""


class LibraryDecoding:
    """Tokens of a tokenizer that somebody else made; ids are the library's, plus one."""

    def __init__(self, library: LibraryTokenizer) -> None:
        self._library = library

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes of what the library decodes an id alone to."""
        text: str = self._library.decode([token - 1], skip_special_tokens=False) if token else ""
        return text.encode()

    def stream(self, tokens: Iterable[int], prompt: Prompt) -> Iterator[str]:
        """Yield the text that each id adds to what came before."""
        before = [token - 1 for token in prompt if token]
        decoder = DecodeStream(ids=before, skip_special_tokens=False)
        held: list[int] = []
        for token in tokens:
            text = decoder.step(self._library, token - 1) if token else ""
            held = [*held, token - 1] if text is None else []
            yield text or ""
        yield self._library.decode(held, skip_special_tokens=False) if held else ""
