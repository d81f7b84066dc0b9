"""Decoding of tokens that hold bytes."""

import codecs
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from textgen.tokenization.decoding import Misfit, Prompt


def begun_in(data: bytes) -> bytes:
    """Return the incomplete character at the end of some bytes."""
    _, consumed = codecs.utf_8_decode(data, "replace", False)
    return data[consumed:]


class ByteDecoding:
    """Decoder of tokens that hold bytes. Characters are given out when they are complete.

    Args:
        table: the bytes of each id.
    """

    def __init__(self, table: Sequence[bytes]) -> None:
        self.table = table
        self._misfits = dict[bytes, NDArray[np.intp]]()

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes of an id."""
        return self.table[token]

    def begin(self, prompt: Prompt, *, strict: bool = False) -> "ByteDetokenizer":
        """Return a stream; it does not depend on the prompt."""
        return ByteDetokenizer(self, strict=strict)

    def misfits(self, begun: bytes) -> NDArray[np.intp]:
        """Return the ids whose bytes make no characters after the beginning of one."""
        if begun not in self._misfits:
            fits = [self._fits(begun, data) for data in self.table]
            self._misfits[begun] = np.flatnonzero(~np.array(fits))
        return self._misfits[begun]

    @staticmethod
    def _fits(begun: bytes, data: bytes) -> bool:
        """Return whether bytes continue a character; `<eos>`, without bytes, cannot."""
        try:
            codecs.utf_8_decode(begun + data, "strict", not data)
        except UnicodeDecodeError:
            return False
        return True


class ByteDetokenizer:
    """Decoder of a stream of bytes, by Python's incremental decoder."""

    def __init__(self, decoding: ByteDecoding, *, strict: bool) -> None:
        self._decoding = decoding
        self._table = decoding.table
        self._strict = strict
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict" if strict else "replace")
        self._decode = self._decoder.decode

    @property
    def is_open(self) -> bool:
        """Whether the next id may complete a character."""
        return self._decoder.getstate()[0] != b""

    def push(self, token: int) -> str:
        """Return the characters that the bytes of an id complete; `<eos>` completes none."""
        data = self._table[token]
        try:
            return self._decode(data, self._strict and not data)
        except UnicodeDecodeError:
            raise Misfit from None

    def finish(self) -> str:
        """Return U+FFFD if a character is unfinished."""
        return self._decode(b"", final=True)

    def misfits(self) -> NDArray[np.intp]:
        """Return the ids whose bytes cannot follow."""
        return self._decoding.misfits(self._decoder.getstate()[0])
