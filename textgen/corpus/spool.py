"""Clean documents on disk, written once and read several times.

Nothing in memory grows with the corpus.
"""

from collections.abc import Iterator
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

# The text of a document lies between bytes `start` and `stop`, its place from there to `end`.
RECORD = np.dtype(
    [
        ("start", "<u8"),
        ("stop", "<u8"),
        ("end", "<u8"),
        ("characters", "<u8"),
        ("digest", "V16"),  # the first half of the SHA-256 of its text
        ("file", "<u4"),
        ("label", "<u4"),
        ("removed", "?"),
    ]
)
RECORDS_AT_ONCE = 1 << 14
PIECE_BYTES = 1 << 12  # the size at which tokenizers are fastest

Records = NDArray[Any]  # of dtype RECORD, shape (documents,)


class Spool:
    """Documents in the order of writing.

    Args:
        texts, records: two empty files.
    """

    def __init__(self, texts: IO[bytes], records: IO[bytes]) -> None:
        self._texts = texts
        self._records = records
        self._new: list[tuple[Any, ...]] = []
        self._start = self._stop = 0
        self._count = 0

    def __len__(self) -> int:
        """Return the number of documents, including those removed."""
        return self._count

    def write(self, data: bytes) -> None:
        """Append a piece to the open document, or open one."""
        self._texts.write(data)
        self._stop += len(data)

    def open_text(self) -> Iterator[str]:
        """Yield the text of the open document, as `pieces` does."""
        try:
            yield from self.pieces(self._start, self._stop)
        finally:
            self._texts.seek(self._stop)

    def discard(self) -> None:
        """Drop the open document."""
        self._texts.seek(self._start)
        self._stop = self._start

    def end(self, *, where: str, characters: int, digest: bytes, file: int, label: int) -> None:
        """Close the open document.

        Args:
            where: its place in the corpus, for people.
            characters: of its text.
            digest: 16 bytes.
            file: the number of its file.
            label: the number of its label.
        """
        place = where.encode(errors="replace")
        self._texts.write(place)
        end = self._stop + len(place)
        self._new.append((self._start, self._stop, end, characters, digest, file, label, False))
        self._start = self._stop = end
        self._count += 1
        if len(self._new) == RECORDS_AT_ONCE:
            self._flush()

    def records(self) -> Iterator[Records]:
        """Yield the records of all documents, many at a time."""
        self._flush()
        for first in range(0, self._count, RECORDS_AT_ONCE):
            yield self._read_records(first, RECORDS_AT_ONCE)

    def remove(self, numbers: NDArray[np.int64]) -> None:
        """Mark documents as removed.

        Args:
            numbers: of the documents, ascending, of shape (removed,).
        """
        self._flush()
        for first in range(0, self._count, RECORDS_AT_ONCE):
            records = self._read_records(first, RECORDS_AT_ONCE)
            low, high = np.searchsorted(numbers, [first, first + RECORDS_AT_ONCE])
            if low < high:
                records["removed"][numbers[low:high] - first] = True
                self._records.seek(first * RECORD.itemsize)
                self._records.write(records.tobytes())

    def record(self, number: int) -> Any:
        """Return the record of a document."""
        self._flush()
        return self._read_records(number, 1)[0]

    def where(self, record: Any) -> str:
        """Return the place of a document."""
        self._texts.seek(int(record["stop"]))
        return self._texts.read(int(record["end"] - record["stop"])).decode()

    def beginning(self, record: Any, most: int) -> str:
        """Return the first characters of a document, at most `most` bytes."""
        self._texts.seek(int(record["start"]))
        length = min(most, int(record["stop"] - record["start"]))
        return self._texts.read(length).decode(errors="ignore")

    def pieces(self, start: int, stop: int) -> Iterator[str]:
        """Yield the text between two bytes in pieces that end with a line where possible."""
        position = start
        while position < stop:
            self._texts.seek(position)
            data = self._texts.read(min(PIECE_BYTES, stop - position))
            if position + len(data) < stop:
                data = data[: _cut(data)]
            yield data.decode()
            position += len(data)

    def _flush(self) -> None:
        """Append the records that wait to their file."""
        if self._new:
            self._records.seek(0, 2)
            self._records.write(np.array(self._new, RECORD).tobytes())
            self._new.clear()

    def _read_records(self, first: int, most: int) -> Records:
        """Return the records of consecutive documents."""
        self._records.seek(first * RECORD.itemsize)
        data = self._records.read(most * RECORD.itemsize)
        return np.frombuffer(bytearray(data), RECORD)


def hash_keys(records: Records) -> NDArray[np.uint64]:
    """Return the first 64 bits of the digest of each document, of shape (documents,)."""
    return np.frombuffer(records["digest"].tobytes(), ">u8")[::2].astype(np.uint64)


def _cut(data: bytes) -> int:
    """Return the end of a piece: after a line, else before a space, else between characters."""
    if (line := data.rfind(b"\n") + 1) > 0:
        return line
    if (space := data.rfind(b" ")) > 0:
        return space
    end = len(data)
    while end > 1 and data[end - 1] & 0xC0 == 0x80:
        end -= 1
    return end - 1 if data[end - 1] >= 0xC0 else len(data)
