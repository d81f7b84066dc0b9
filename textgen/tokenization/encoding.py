"""Encoding of text as token ids, by the `tokenizers` library or by a table."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as LibraryTokenizer

from textgen.tokenization.byte_level import bytes_by_id
from textgen.tokenization.library_errors import as_data_errors

TokenIds = NDArray[np.int32]
CODE_POINTS = 0x110000
UNKNOWN = -1


class Encoding(Protocol):
    """An encoder of clean text."""

    def encode_batch(self, texts: Sequence[str]) -> list[TokenIds]:
        """Return the ids of each text, of shape (tokens,)."""


class LibraryEncoding:
    """Encoding by the library, on all cores.

    Args:
        library: the tokenizer.
        shift: that is added to its ids.
    """

    def __init__(self, library: LibraryTokenizer, shift: int) -> None:
        self._library = library
        self._shift = shift

    def encode_batch(self, texts: Sequence[str]) -> list[TokenIds]:
        """Return the ids of each text, of shape (tokens,)."""
        with as_data_errors():
            encodings = self._library.encode_batch_fast(texts, add_special_tokens=False)
        return [np.array(encoding.ids, np.int32) + self._shift for encoding in encodings]


class CharacterEncoding:
    """Encoding by a table of characters and bytes, many times as fast as the library.

    Args:
        vocab: the ids of the spellings, which include every byte.
        eos_id: the id that spells nothing.
    """

    def __init__(self, vocab: Mapping[str, int], eos_id: int) -> None:
        self._table = np.full(CODE_POINTS, UNKNOWN, np.int32)
        self._bytes = np.zeros(256, np.int32)
        for token, data in enumerate(bytes_by_id(vocab, eos_id)):
            if len(data) == 1:
                self._bytes[data[0]] = token
            if data and len(text := data.decode(errors="ignore")) == 1:
                self._table[ord(text)] = token

    def encode_batch(self, texts: Sequence[str]) -> list[TokenIds]:
        """Return the ids of each text, of shape (tokens,)."""
        return [self._encode(text) for text in texts]

    def _encode(self, text: str) -> TokenIds:
        """Return the ids of a text; a character without an id is spelled in bytes."""
        ids = self._table[np.frombuffer(text.encode("utf-32-le"), np.uint32)]
        has_id = ids != UNKNOWN
        if has_id.all():
            return ids
        data = np.frombuffer(text.encode(), np.uint8)
        first = np.flatnonzero(data & 0xC0 != 0x80)  # the first byte of each character
        is_token = np.repeat(~has_id, np.diff(first, append=len(data)))
        is_token[first[has_id]] = True
        by_byte = self._bytes[data]
        by_byte[first[has_id]] = ids[has_id]
        tokens: TokenIds = by_byte[is_token]
        return tokens
