"""Tables as JSON objects, one a line (.jsonl)."""

import json
from collections import deque
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from textgen.corpus.corpus_file import CorpusFile
from textgen.corpus.statistics import CorpusStatistics
from textgen.corpus.tables.lines import read_lines
from textgen.corpus.tables.table import Cells, Table, twice
from textgen.errors import DataError

AHEAD = 1 << 20  # characters in which columns are looked for
AN_OBJECT_A_LINE = "an object a line is wanted, as jq -c writes it (of a list: jq -c '.[]')"

Row = tuple[str, Cells]  # its place, and its cells


def open_json(path: Path, part: CorpusFile, tally: CorpusStatistics) -> Table:
    """Open a file with a JSON object a line. The first ones name the columns.

    Which of them hold text is seen in the first row that has some.

    Args:
        path: where it is.
        part: its name, packing and encoding.
        tally: is told what decoding changed.

    Raises:
        DataError: the first line is no JSON object; others, when they are read.
    """
    lines = read_lines(path, part, tally)
    rows = _Rows(part.name, lines)
    columns = dict.fromkeys((name for _, cells in rows.ahead for name in cells), False)
    with_text = (cells for _, cells in rows.ahead if any(map(_is_text, cells.values())))
    for name, cell in next(with_text, {}).items():
        columns[name] = _is_text(cell)
    nested = {name: key for _, cells in rows.ahead for name, key in _lists_of_objects(cells)}
    return Table(part.name, columns, rows.read, nested=nested)


class _Rows:
    """The rows of a file.

    Args:
        name: of the file.
        lines: of it.

    Attributes:
        ahead: the first ones, until they are read.

    Raises:
        DataError: there is none that can be read.
    """

    def __init__(self, name: str, lines: Iterator[str]) -> None:
        self.ahead = deque[Row]()
        self._rest = filter(None, map(partial(_row, name), count(1), map(self._measured, lines)))
        self._taken = 0
        self._error: DataError | None = None
        try:
            while self._taken < AHEAD and (row := next(self._rest, None)):
                self.ahead.append(row)
        except DataError as error:
            if not self.ahead:
                raise
            self._error = error

    def read(self, columns: Sequence[str]) -> Iterator[Row]:
        """Yield the rows; none is held here when the next is read, for it may be long.

        Raises:
            DataError: a line that is no object, or one that has a wanted key twice.
        """
        certain = partial(_certain, columns)
        while self.ahead:
            yield certain(self.ahead.popleft())
        if self._error:
            raise self._error
        yield from map(certain, self._rest)

    def _measured(self, line: str) -> str:
        """Return a line, and count its characters."""
        self._taken += len(line)
        return line


class _Ambiguous(dict[str, Any]):
    """An object with keys that come twice, of which one value is lost."""

    keys_twice: frozenset[str] = frozenset()


def _certain(columns: Sequence[str], row: Row) -> Row:
    """Refuse a row in which a wanted key comes twice."""
    where, cells = row
    lost = cells.keys_twice.intersection(columns) if isinstance(cells, _Ambiguous) else ()
    for name in lost:
        raise DataError(f"{where}: the key {name!r} comes twice; mend this line")
    return row


def _row(name: str, number: int, line: str) -> tuple[str, Cells] | None:
    """Return the place and the cells of a line, or nothing if it is blank."""
    where = f"{name}:{number}"
    return (where, _cells(where, line)) if line and not line.isspace() else None


def _cells(where: str, line: str) -> dict[str, Any]:
    """Return the object that a line holds.

    Raises:
        DataError: it holds something else.
    """
    try:
        cells = _DECODER.decode(line)
    except RecursionError:
        raise DataError(f"{where}: JSON that is nested too deeply") from None
    except json.JSONDecodeError as error:
        told = f"{error.msg}: character {error.pos + 1}"
        raise DataError(f"{where}: not JSON ({told}); {AN_OBJECT_A_LINE}") from None
    if isinstance(cells, str):
        raise DataError(f"{where}: a JSON str; an object is wanted, as jq -c '{{text: .}}' makes")
    if not isinstance(cells, dict):
        kind = type(cells).__name__
        raise DataError(f"{where}: a JSON {kind}; an object is wanted; {AN_OBJECT_A_LINE}")
    return cells


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a dictionary that knows which keys came twice."""
    cells = dict(pairs)
    if len(cells) < len(pairs):
        cells = _Ambiguous(cells)
        cells.keys_twice = twice(name for name, _ in pairs)
    return cells


def _integer(digits: str) -> int | Decimal:
    """Return a number; Python refuses to make an int of more digits than a few thousand."""
    try:
        return int(digits)
    except ValueError:
        return Decimal(digits)


def _is_text(cell: Any) -> bool:
    """Tell whether a cell holds text."""
    return isinstance(cell, str)


def _lists_of_objects(cells: Cells) -> Iterator[tuple[str, str]]:
    """Yield the columns that hold lists of objects, and a key of these that holds text."""
    for name, cell in cells.items():
        if isinstance(cell, list) and cell and isinstance(cell[0], dict):
            yield name, next((key for key in reversed(cell[0]) if _is_text(cell[0][key])), "text")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer)
