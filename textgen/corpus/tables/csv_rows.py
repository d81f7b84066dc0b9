"""Tables with delimiters (.csv, .tsv), by Python's csv."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from textgen.corpus.corpus_file import CorpusFile
from textgen.corpus.statistics import CorpusStatistics
from textgen.corpus.tables.dialects import USUAL, BadRecord, Dialect, Record, find_dialect
from textgen.corpus.tables.lines import read_lines
from textgen.corpus.tables.table import Cells, Table, named, twice
from textgen.corpus.text.recognition import recognise_table
from textgen.errors import DataError

QUOTES_ARE_TEXT = "quotation marks taken for text"


@contextmanager
def open_csv(path: Path, file: CorpusFile, statistics: CorpusStatistics) -> Iterator[Table]:
    """Yield the table of a .csv or .tsv file. Each cell is text, 007 and NA included.

    Args:
        path: of the file on this machine.
        file: its name, form, packing and rule.
        statistics: counts the changes of decoding, and takes remarks on the form.

    Raises:
        DataError: it is no table, or no column has a name. Damaged rows raise when they are read.
    """
    file = recognise_table(path, file, statistics)
    dialect = find_dialect(path, file)
    if dialect.delimiter != USUAL[file.form]:
        statistics.remark(f"columns separated by {dialect.delimiter!r}", file.name)
    if not dialect.is_quoted:
        statistics.remark(QUOTES_ARE_TEXT, file.name)
    records = _checked(file.name, dialect, dialect.records(read_lines(path, file, statistics)))
    line, _, header = next(records, Record(1, 1, []))
    columns = dict.fromkeys(named(header, f"{file.name}:{line}"), True)
    rows = partial(_rows, file.name, dialect, header, records)
    ambiguous = dict.fromkeys(twice(header), f"{file.name}:{line}")
    yield Table(file.name, columns, rows, ambiguous)


def _checked(name: str, dialect: Dialect, records: Iterator[Record]) -> Iterator[Record]:
    """Yield records.

    Raises:
        DataError: a record cannot be read.
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
    name: str, dialect: Dialect, header: list[str], records: Iterator[Record], names: Sequence[str]
) -> Iterator[tuple[str, Cells]]:
    """Yield the place of each row, and its cells in some columns.

    Raises:
        DataError: a row has more fields than the header, or too few for the named columns.
    """
    indices = {column: header.index(column) for column in names if column in header}
    least = len(header) - next((i for i, column in enumerate(reversed(header)) if column), 0)
    for line, _, fields in records:
        where = f"{name}:{line}"
        if not least <= len(fields) <= len(header):
            raise DataError(f"{where}: {_uneven(dialect, len(fields), len(header))}")
        yield where, {column: fields[index] for column, index in indices.items()}


def _uneven(dialect: Dialect, fields: int, columns: int) -> str:
    """Return the error of a row that does not fit the header, with a remedy."""
    shown = repr(dialect.delimiter)
    between = f" with {shown} between them" * (columns > 1)
    if fields < columns:
        remedy = f"mend this line, or put quotation marks around a name that holds {shown}"
    elif dialect.is_quoted:
        remedy = f"put quotation marks around text that holds {shown}"
    else:
        remedy = "mend this line"
    return f"{fields} fields, but the first line has {columns}{between}; {remedy}"
