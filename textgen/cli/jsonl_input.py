"""The input of `--jsonl`: a row with a prompt on each line, read as lines come in."""

import json
import os
import select
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from textgen.errors import DataError

if TYPE_CHECKING:
    from textgen.runtime.generation.prompts import Row

READ_AT_ONCE = 1 << 20  # bytes


def read_bursts(file: Path | None) -> "Iterator[Iterator[Row]]":
    """Wait for rows, and yield those that are there together as a burst, to the end of the input.

    So a program that writes one row and waits for its text gets it, and rows that are there
    together are generated side by side.

    Args:
        file: a file with a row on each line that is not empty; None for standard input.

    Raises:
        OSError: it cannot be read.
    """
    with ExitStack() as stack:
        source = sys.stdin.buffer if file is None else stack.enter_context(file.open("rb"))
        lines, name = _StreamLines(source.fileno()), file or "standard input"
        while not lines.ended:
            lines.read()
            yield (_row(line, f"{name}:{number}") for number, line in lines.ready() if line.strip())


class _StreamLines:
    """The lines of a file or pipe; those that are there can be taken without waiting.

    Args:
        source: its descriptor.

    Attributes:
        ended: whether all of it has been read.
    """

    def __init__(self, source: int) -> None:
        self.ended = False
        self._source = source
        self._whole = deque[bytes]()
        self._begun = b""  # of the line that has no end yet
        self._number = 0

    def read(self) -> None:
        """Read some bytes; wait if there are none."""
        data = os.read(self._source, READ_AT_ONCE)
        self.ended = not data
        *whole, self._begun = (self._begun + data).split(b"\n")
        self._whole.extend([*whole, self._begun] if self.ended else whole)

    def ready(self) -> Iterator[tuple[int, bytes]]:
        """Yield the lines that are there, with their numbers."""
        while True:
            while self._whole:
                self._number += 1
                yield self._number, self._whole.popleft()
            if self.ended or not select.select([self._source], [], [], 0)[0]:
                return
            self.read()


def _row(line: bytes, where: str) -> "Row":
    """Return the row of a line, or the error in its place."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:  # bytes that are no UTF-8, too
        return DataError(f"{where}: not JSON: {error}")
    if isinstance(row, str) or (isinstance(row, dict) and isinstance(row.get("prompt", ""), str)):
        return row
    return DataError(f"{where}: neither a text nor an object whose 'prompt' is one")
