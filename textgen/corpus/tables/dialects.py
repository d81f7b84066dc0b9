"""Dialects of tables with delimiters: the delimiter, and the meaning of quotation marks."""

import contextlib
import csv
import re
import threading
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from textgen.corpus.corpus_file import CorpusFile
from textgen.corpus.statistics import CorpusStatistics
from textgen.corpus.tables.lines import read_lines
from textgen.errors import DataError

if TYPE_CHECKING:
    from _csv import Reader

USUAL = {"csv": ",", "tsv": "\t"}  # the delimiter that a form promises
DELIMITERS = (",", ";", "\t", "|")
LONGEST_CELL = 1 << 26  # characters; Python's csv holds four bytes for each
SAMPLE_LINES, SAMPLE_CHARACTERS = 200, 1 << 20  # for comparing delimiters

_NAMED = re.compile(r'"?sep=(\t|[^\w\s"])"?', re.IGNORECASE)  # Excel's first line
_LIMIT = threading.Lock()  # held while the field limit of Python's csv is changed


class Record(NamedTuple):
    """A record of a table.

    Attributes:
        first, last: its lines, counted from 1.
        fields: their texts.
    """

    first: int
    last: int
    fields: list[str]


class BadRecord(Exception):
    """A record that cannot be read.

    Args:
        line: the line in which it begins.
        what: the error in words.
    """

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"line {line}: {what}")
        self.line = line
        self.what = what


class Dialect(NamedTuple):
    """The syntax of a table.

    Attributes:
        delimiter: between the fields of a line.
        is_quoted: whether quotation marks enclose fields; otherwise they are text.
        is_named: whether a line before the header names the delimiter.
        skips_space: whether a space after the delimiter belongs to it.
        why_not: the remedy if quotation marks should be text after all.
    """

    delimiter: str
    is_quoted: bool = True
    is_named: bool = False
    skips_space: bool = False
    why_not: str = ""

    def records(self, lines: Iterable[str]) -> Iterator[Record]:
        """Yield the records in the lines of a file, without blank lines.

        Raises:
            BadRecord: an open quotation mark, or text after a closing one.
        """
        reader = csv.reader(
            (line + "\n" for line in lines),
            delimiter=self.delimiter,
            quoting=csv.QUOTE_MINIMAL if self.is_quoted else csv.QUOTE_NONE,
            skipinitialspace=self.skips_space,
            strict=True,
        )
        records = filter(lambda record: record.fields, _records(reader))
        return islice(records, int(self.is_named), None)


def _records(reader: "Reader") -> Iterator[Record]:
    """Yield the records of Python's csv reader."""
    while True:
        line = reader.line_num + 1
        try:
            fields = _next_fields(reader)
        except csv.Error as error:
            raise BadRecord(line, str(error).replace("\t", r"\t")) from None
        if fields is None:
            return
        yield Record(line, reader.line_num, fields)


def _next_fields(reader: "Reader") -> list[str] | None:
    """Return the next fields under our own field limit, which is global to the process."""
    with _LIMIT:
        limit = csv.field_size_limit(LONGEST_CELL)
        try:
            return next(reader, None)
        finally:
            csv.field_size_limit(limit)


def find_dialect(path: Path, file: CorpusFile) -> Dialect:
    """Return the dialect of a table.

    The delimiter is the one between the names in the first line; of several, the one that gives
    the first lines the same number of fields. Later rows must have this number, so that a wrong
    guess is noticed. In a table with tabs, quotation marks enclose fields if that fits from start
    to end, and are text otherwise.

    Args:
        path: of the file on this machine.
        file: its name, form, packing and encoding.

    Raises:
        DataError: two dialects fit.
    """
    sample = _Sample.of(read_lines(path, file, CorpusStatistics()))
    if named := _NAMED.fullmatch(next(filter(None, sample.lines), "")):
        dialect = Dialect(named[1], is_named=True)
    else:
        dialect = Dialect(_delimiter(file, sample))
    _, *others = sample.header(dialect) or [""]
    if others and all(name.startswith(" ") for name in others):
        dialect = dialect._replace(skips_space=True)
    return _with_quotes(path, file, dialect) if dialect.delimiter == "\t" else dialect


class _Sample(NamedTuple):
    """The first lines of a table, and whether there are more."""

    lines: list[str]
    is_cut: bool

    @classmethod
    def of(cls, lines: Iterable[str]) -> "_Sample":
        """Take the first lines."""
        taken, size = list[str](), 0
        for line in lines:
            if len(taken) == SAMPLE_LINES or size > SAMPLE_CHARACTERS:
                return cls(taken, is_cut=True)
            taken.append(line)
            size += len(line)
        return cls(taken, is_cut=False)

    def header(self, dialect: Dialect) -> list[str]:
        """Return the names of the columns; nothing if they cannot be read."""
        with contextlib.suppress(BadRecord):
            for record in dialect.records(self.lines):
                return record.fields
        return []

    def widths(self, delimiter: str) -> list[int]:
        """Return the number of fields of each record, 0 for a bad one."""
        widths = list[int]()
        try:
            for record in Dialect(delimiter).records(self.lines):
                widths.append(len(record.fields))
        except BadRecord:
            widths.append(0)
        return widths[:-1] if self.is_cut and len(widths) > 1 else widths


def _delimiter(file: CorpusFile, sample: _Sample) -> str:
    """Return the delimiter.

    Raises:
        DataError: several give the first lines the same number of fields.
    """
    usual = USUAL[file.form]
    every = {delimiter: sample.widths(delimiter) for delimiter in DELIMITERS}
    possible = {
        delimiter: widths for delimiter, widths in every.items() if widths and widths[0] > 1
    }
    fitting = [d for d, widths in possible.items() if len(widths) > 1 and len(set(widths)) == 1]
    if len(fitting) > 1:
        raise DataError(
            f"{file.name}: its columns may be separated by {' or '.join(map(repr, fitting))}; say "
            f"which in a line before all others, as sep={fitting[0]}"
        )
    if fitting:
        return fitting[0]
    return usual if usual in possible else next(iter(possible), usual)


def _with_quotes(path: Path, file: CorpusFile, dialect: Dialect) -> Dialect:
    """Return the dialect of a table with tabs with the meaning of quotation marks.

    Raises:
        DataError: both meanings fit.
    """
    plain = dialect._replace(is_quoted=False)
    quoted_shape = _shape(dialect, read_lines(path, file, CorpusStatistics()))
    if isinstance(quoted_shape, _Shape) and not quoted_shape.long_record:
        return dialect
    plain_shape = _shape(plain, read_lines(path, file, CorpusStatistics()))
    if isinstance(plain_shape, BadRecord):
        return dialect._replace(why_not=f"mend line {plain_shape.line} ({plain_shape.what})")
    if isinstance(quoted_shape, BadRecord):
        return plain
    if plain_shape.width == 1:
        return dialect
    raise DataError(
        f"{file.name}:{quoted_shape.long_record}: its quotation marks may enclose line ends, or be "
        f"text; save the table as .csv or .jsonl, where that is certain"
    )


class _Shape(NamedTuple):
    """The shape of a table whose records have the same number of fields.

    Attributes:
        width: the number of fields.
        long_record: the first line of the first record of several lines, or 0.
    """

    width: int
    long_record: int


def _shape(dialect: Dialect, lines: Iterator[str]) -> "_Shape | BadRecord":
    """Read a table to its end, and return its shape, or the first record that does not fit."""
    width = long_record = 0
    try:
        for first, last, fields in dialect.records(lines):
            width = width or len(fields)
            if len(fields) != width:
                return BadRecord(first, f"{len(fields)} fields, where the first line has {width}")
            if last > first and not long_record:
                long_record = first
    except BadRecord as error:
        return error
    return _Shape(width, long_record)
