"""Tables as lines of JSON objects (.jsonl)."""

import json
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from textgen.corpus.corpus_file import CorpusFile
from textgen.corpus.statistics import CorpusStatistics
from textgen.corpus.tables.lines import read_lines
from textgen.corpus.tables.table import Cells, Table, twice
from textgen.corpus.text.recognition import recognise_table
from textgen.errors import DataError

AHEAD = 1 << 20  # characters of the rows that name the columns
AN_OBJECT_A_LINE = "an object a line is wanted, as jq -c writes it (of a list: jq -c '.[]')"

Row = tuple[str, Cells]  # its place, and its cells


@contextmanager
def open_json_lines(path: Path, file: CorpusFile, statistics: CorpusStatistics) -> Iterator[Table]:
    """Yield the table of a file whose lines are JSON objects.

    The first objects name the columns. The first row with text shows which columns hold text.

    Args:
        path: of the file on this machine.
        file: its name, packing and rule.
        statistics: counts the changes of decoding.

    Raises:
        DataError: the first line is no JSON object. Other bad lines raise when they are read.
    """
    file = recognise_table(path, file, statistics, is_json=True)
    yield _table(file.name, read_lines(path, file, statistics))


def _table(name: str, lines: Iterator[str]) -> Table:
    """Return the table of some lines. No row is held here, since it may be long."""
    rows = _Rows(name, lines)
    columns = dict.fromkeys((key for _, cells in rows.ahead for key in cells), False)
    with_text = (cells for _, cells in rows.ahead if any(map(_is_text, cells.values())))
    for column, cell in next(with_text, {}).items():
        columns[column] = _is_text(cell)
    nested = {column: key for _, cells in rows.ahead for column, key in _lists_of_objects(cells)}
    return Table(name, columns, rows.read, nested=nested)


class _Rows:
    """The rows of a file.

    Args:
        name: of the file.
        lines: of it.

    Attributes:
        ahead: the first rows, until they are read.

    Raises:
        DataError: no row can be read.
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
        """Yield the rows. None is held here while the next is read, since it may be long.

        Raises:
            DataError: a line is no object, or has one of the columns twice.
        """
        unambiguous = partial(_unambiguous, columns)
        while self.ahead:
            yield unambiguous(self.ahead.popleft())
        if self._error:
            raise self._error
        yield from map(unambiguous, self._rest)

    def _measured(self, line: str) -> str:
        """Return a line, and count its characters."""
        self._taken += len(line)
        return line


class _Ambiguous(dict[str, Any]):
    """An object in which keys occur twice, so that values are lost."""

    keys_twice: frozenset[str] = frozenset()


def _unambiguous(columns: Sequence[str], row: Row) -> Row:
    """Return a row, unless one of the columns occurs twice in it."""
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
        reason = f"{error.msg}: character {error.pos + 1}"
        raise DataError(f"{where}: not JSON ({reason}); {AN_OBJECT_A_LINE}") from None
    if isinstance(cells, str):
        raise DataError(f"{where}: a JSON str; an object is wanted, as jq -c '{{text: .}}' makes")
    if not isinstance(cells, dict):
        kind = type(cells).__name__
        raise DataError(f"{where}: a JSON {kind}; an object is wanted; {AN_OBJECT_A_LINE}")
    return cells


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a dictionary that knows the keys that occurred twice."""
    cells = dict(pairs)
    if len(cells) < len(pairs):
        cells = _Ambiguous(cells)
        cells.keys_twice = twice(name for name, _ in pairs)
    return cells


def _integer(digits: str) -> int | Decimal:
    """Return a number; Python makes no int of more than a few thousand digits."""
    try:
        return int(digits)
    except ValueError:
        return Decimal(digits)


def _is_text(cell: Any) -> bool:
    """Return whether a cell holds text."""
    return isinstance(cell, str)


def _lists_of_objects(cells: Cells) -> Iterator[tuple[str, str]]:
    """Yield the columns of lists of objects, and a key of text in these objects."""
    for name, cell in cells.items():
        if isinstance(cell, list) and cell and isinstance(cell[0], dict):
            yield name, next((key for key in reversed(cell[0]) if _is_text(cell[0][key])), "text")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer)
