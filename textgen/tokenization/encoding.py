"""From text to token ids: by the `tokenizers` library, or by a table where that is all it takes."""

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
    """A way from clean text to ids."""

    def encode_batch(self, texts: Sequence[str]) -> list[TokenIds]:
        """Return the ids of each text, of shape (tokens,)."""


class LibraryEncoding:
    """What the library does, on all cores.

    Args:
        library: the tokenizer.
        shift: what is added to its ids.
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
    """A token a character, or a byte, looked up in a table: many times as fast as the library.

    Args:
        vocab: the ids of the spellings, which hold every byte.
        eos_id: of the one that spells nothing.
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
        """Return the ids of a text; a character without one is spelled in bytes."""
        ids = self._table[np.frombuffer(text.encode("utf-32-le"), np.uint32)]
        known = ids != UNKNOWN
        if known.all():
            return ids
        data = np.frombuffer(text.encode(), np.uint8)
        first = np.flatnonzero(data & 0xC0 != 0x80)  # where characters begin
        kept = np.repeat(~known, np.diff(first, append=len(data)))
        kept[first[known]] = True
        spelled = self._bytes[data]
        spelled[first[known]] = ids[known]
        kept_ids: TokenIds = spelled[kept]
        return kept_ids
