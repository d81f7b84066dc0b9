"""Tables with delimiters (.csv, .tsv), by Python's csv."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from textgen.corpus.corpus_file import CorpusFile
from textgen.corpus.statistics import CorpusStatistics
from textgen.corpus.tables.dialects import USUAL, BadRecord, Dialect, Record, find_dialect
from textgen.corpus.tables.lines import read_lines
from textgen.corpus.tables.table import Cells, Table, named, twice
from textgen.errors import DataError

QUOTES_ARE_TEXT = "quotation marks taken for text"


def open_csv(path: Path, part: CorpusFile, tally: CorpusStatistics) -> Table:
    """Open a .csv or .tsv file. Its cells are text, as they are: 007 is no number, NA not nothing.

    Args:
        path: where it is.
        part: its name, form, packing and encoding.
        tally: is told what decoding changed.

    Raises:
        DataError: a header whose columns cannot be told apart; damaged rows when they are read.
    """
    dialect = find_dialect(path, part)
    if dialect.delimiter != USUAL[part.form]:
        tally.find(f"columns separated by {dialect.delimiter!r}", part.name)
    if not dialect.is_quoted:
        tally.find(QUOTES_ARE_TEXT, part.name)
    records = _checked(part.name, dialect, dialect.records(read_lines(path, part, tally)))
    line, _, header = next(records, Record(1, 1, []))
    columns = dict.fromkeys(named(header, f"{part.name}:{line}"), True)
    rows = partial(_rows, part.name, dialect, header, records)
    ambiguous = dict.fromkeys(twice(header), f"{part.name}:{line}")
    return Table(part.name, columns, rows, ambiguous)


def _checked(name: str, dialect: Dialect, records: Iterator[Record]) -> Iterator[Record]:
    """Yield records.

    Raises:
        DataError: one that cannot be read.
    """
    try:
        yield from records
    except BadRecord as error:
        text = f"; or, if they are text, {dialect.why_not}" * bool(dialect.why_not)
        raise DataError(
            f"{name}:{error.line}: {error.what}; close quotation marks, and double those in a "
            f"text{text}"
        ) from None


def _rows(
    name: str, dialect: Dialect, header: list[str], records: Iterator[Record], wanted: Sequence[str]
) -> Iterator[tuple[str, Cells]]:
    """Yield the cells of some columns.

    Raises:
        DataError: a row with more fields than the header, or too few for columns with a name.
    """
    indices = {column: header.index(column) for column in wanted if column in header}
    least = len(header) - next((i for i, column in enumerate(reversed(header)) if column), 0)
    for line, _, fields in records:
        where = f"{name}:{line}"
        if not least <= len(fields) <= len(header):
            raise DataError(f"{where}: {_uneven(dialect, len(fields), len(header))}")
        yield where, {column: fields[index] for column, index in indices.items()}


def _uneven(dialect: Dialect, fields: int, columns: int) -> str:
    """Say that a row does not fit the first line, and what to do."""
    shown = repr(dialect.delimiter)
    between = f" with {shown} between them" * (columns > 1)
    if fields < columns:
        remedy = f"mend this line, or put quotation marks around a name that holds {shown}"
    elif dialect.is_quoted:
        remedy = f"put quotation marks around text that holds {shown}"
    else:
        remedy = "mend this line"
    return f"{fields} fields, but the first line has {columns}{between}; {remedy}"
