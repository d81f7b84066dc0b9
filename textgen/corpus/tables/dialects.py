"""How a table with delimiters is written: what is between its columns, and what quotes are."""

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

USUAL = {"csv": ",", "tsv": "\t"}  # what the name of a file promises
KNOWN = (",", ";", "\t", "|")
LONGEST_CELL = 1 << 26  # characters; Python's csv holds four bytes for each
SAMPLE_LINES, SAMPLE_CHARACTERS = 200, 1 << 20  # in which delimiters are compared

_NAMED = re.compile(r'"?sep=(\t|[^\w\s"])"?', re.IGNORECASE)  # Excel's first line
_LIMIT = threading.Lock()  # held while the limit of Python's csv is changed


class Record(NamedTuple):
    """A record of a table.

    Attributes:
        first, last: its lines, counted from 1.
        fields: what is in them.
    """

    first: int
    last: int
    fields: list[str]


class BadRecord(Exception):
    """A record that cannot be read.

    Args:
        line: in which it begins.
        what: is wrong.
    """

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"line {line}: {what}")
        self.line = line
        self.what = what


class Dialect(NamedTuple):
    """How the records of a table are written.

    Attributes:
        delimiter: what is between the fields of a line.
        is_quoted: whether quotation marks enclose fields; else they are text.
        is_named: whether a line before the header names the delimiter.
        skips_space: whether a space after the delimiter belongs to it.
        why_not: what would have to be done if quotation marks were text.
    """

    delimiter: str
    is_quoted: bool = True
    is_named: bool = False
    skips_space: bool = False
    why_not: str = ""

    def records(self, lines: Iterable[str]) -> Iterator[Record]:
        """Yield the records of the lines of a file; blank lines are none.

        Raises:
            BadRecord: a quotation mark that is not closed, or text behind one that is.
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
    """Yield all that Python's csv gives."""
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
    """Return the next fields; the limit of their length is the whole process's: it is put back."""
    with _LIMIT:
        limit = csv.field_size_limit(LONGEST_CELL)
        try:
            return next(reader, None)
        finally:
            csv.field_size_limit(limit)


def find_dialect(path: Path, part: CorpusFile) -> Dialect:
    """Return how a table is written.

    Between its columns is what is between the names in its first line; where several delimiters
    are, the one that gives the first lines the same number of fields. Every line is held to this
    number when it is read, so that no wrong guess goes unnoticed. In a table with tabs quotation
    marks enclose fields if that adds up from start to end, and are text otherwise.

    Args:
        path: where it is.
        part: its name, form, packing and encoding, which is known.

    Raises:
        DataError: it can be read in two ways.
    """
    sample = _Sample.of(read_lines(path, part, CorpusStatistics()))
    if named := _NAMED.fullmatch(next(filter(None, sample.lines), "")):
        dialect = Dialect(named[1], is_named=True)
    else:
        dialect = Dialect(_delimiter(part, sample))
    _, *others = sample.header(dialect) or [""]
    if others and all(name.startswith(" ") for name in others):
        dialect = dialect._replace(skips_space=True)
    return _with_quotes(path, part, dialect) if dialect.delimiter == "\t" else dialect


class _Sample(NamedTuple):
    """The first lines of a table, and whether there are more."""

    lines: list[str]
    is_cut: bool

    @classmethod
    def of(cls, lines: Iterable[str]) -> "_Sample":
        """Take as many lines as are enough."""
        taken, size = list[str](), 0
        for line in lines:
            if len(taken) == SAMPLE_LINES or size > SAMPLE_CHARACTERS:
                return cls(taken, is_cut=True)
            taken.append(line)
            size += len(line)
        return cls(taken, is_cut=False)

    def header(self, dialect: Dialect) -> list[str]:
        """Return the names of the columns; none if they cannot be read."""
        with contextlib.suppress(BadRecord):
            for record in dialect.records(self.lines):
                return record.fields
        return []

    def widths(self, delimiter: str) -> list[int]:
        """Return how many fields each record has, 0 for one that is none."""
        found = list[int]()
        try:
            for record in Dialect(delimiter).records(self.lines):
                found.append(len(record.fields))
        except BadRecord:
            found.append(0)
        return found[:-1] if self.is_cut and len(found) > 1 else found


def _delimiter(part: CorpusFile, sample: _Sample) -> str:
    """Return what is between the columns.

    Raises:
        DataError: several delimiters give each of the first lines the same number of fields.
    """
    usual = USUAL[part.form]
    counted = {one: sample.widths(one) for one in KNOWN}
    possible = {one: widths for one, widths in counted.items() if widths and widths[0] > 1}
    fitting = [one for one, found in possible.items() if len(found) > 1 and len(set(found)) == 1]
    if len(fitting) > 1:
        raise DataError(
            f"{part.name}: its columns may be separated by {' or '.join(map(repr, fitting))}; say "
            f"which in a line before all others, as sep={fitting[0]}"
        )
    return next(iter([*fitting, *(one for one in [usual] if one in possible), *possible, usual]))


def _with_quotes(path: Path, part: CorpusFile, dialect: Dialect) -> Dialect:
    """Find out what quotation marks are in a table with tabs.

    Raises:
        DataError: it adds up either way.
    """
    plain = dialect._replace(is_quoted=False)
    quoted_shape = _shape(dialect, read_lines(path, part, CorpusStatistics()))
    if isinstance(quoted_shape, _Shape) and not quoted_shape.long_record:
        return dialect
    plain_shape = _shape(plain, read_lines(path, part, CorpusStatistics()))
    if isinstance(plain_shape, BadRecord):
        return dialect._replace(why_not=f"mend line {plain_shape.line} ({plain_shape.what})")
    if isinstance(quoted_shape, BadRecord):
        return plain
    if plain_shape.width == 1:
        return dialect
    raise DataError(
        f"{part.name}:{quoted_shape.long_record}: its quotation marks may enclose line ends, or be "
        f"text; save the table as .csv or .jsonl, where that is certain"
    )


class _Shape(NamedTuple):
    """What a table is like whose records all have the same number of fields.

    Attributes:
        width: that number.
        long_record: the line in which the first record of several lines begins, or 0.
    """

    width: int
    long_record: int


def _shape(dialect: Dialect, lines: Iterator[str]) -> "_Shape | BadRecord":
    """Read a table to its end, and return its shape, or what does not fit."""
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
