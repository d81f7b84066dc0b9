"""Tables with delimiters (.csv, .tsv), by Python's csv."""

import csv
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from textgen.corpus.lines import read_lines
from textgen.corpus.part import Part
from textgen.corpus.table import Cells, Table, check_header
from textgen.corpus.tally import Tally
from textgen.errors import DataError

DELIMITERS = {"csv": ",", "tsv": "\t"}
LONGEST_CELL = 1 << 26  # characters; Python's csv holds four bytes for each
_LIMIT = threading.Lock()  # held while the limit of Python's csv is changed


def open_csv(path: Path, part: Part, tally: Tally) -> Table:
    """Open a .csv or .tsv file. Its cells are text, as they are: 007 is no number, NA not nothing.

    Args:
        path: where it is.
        part: its name, form, packing and encoding.
        tally: is told what decoding changed.

    Raises:
        DataError: a header whose columns cannot be told apart; damaged rows when they are read.
    """
    records = _records(path, part, tally)
    line, header = next(records, (1, []))
    check_header(f"{part.name}:{line}", header)
    return Table(part.name, dict.fromkeys(header, True), partial(_rows, part, header, records))


def _rows(
    part: Part, header: list[str], records: Iterator[tuple[int, list[str]]], columns: Sequence[str]
) -> Iterator[tuple[str, Cells]]:
    """Yield the cells of some columns.

    Raises:
        DataError: a row with more or fewer fields than the header.
    """
    indices = {name: header.index(name) for name in columns if name in header}
    for line, fields in records:
        where = f"{part.name}:{line}"
        if len(fields) != len(header):
            raise DataError(
                f"{where}: {len(fields)} fields, but the first line has {len(header)}; put "
                f"quotation marks around text that holds {DELIMITERS[part.form]!r}"
            )
        yield where, {name: fields[index] for name, index in indices.items()}


def _records(path: Path, part: Part, tally: Tally) -> Iterator[tuple[int, list[str]]]:
    """Yield the line in which each record begins, and its fields; blank lines are none.

    Raises:
        DataError: a quotation mark that is not closed, or text behind one that is.
    """
    lines = (line + "\n" for line in read_lines(path, part, tally))
    reader = csv.reader(lines, delimiter=DELIMITERS[part.form], strict=True)
    while True:
        line = reader.line_num + 1
        try:
            fields = _next_record(reader)
        except csv.Error as error:
            raise DataError(
                f"{part.name}:{line}: {error}; close quotation marks, and double those in a text"
            ) from None
        if fields is None:
            return
        if fields:
            yield line, fields


def _next_record(reader: Iterator[list[str]]) -> list[str] | None:
    """Return the next record; the limit of its cells is the whole process's, so it is put back."""
    with _LIMIT:
        limit = csv.field_size_limit(LONGEST_CELL)
        try:
            return next(reader, None)
        finally:
            csv.field_size_limit(limit)
