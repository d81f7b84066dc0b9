"""Documents: the clean text of a corpus file in pieces, and the end of each document.

Documents come as one flat stream of pieces, each closed by an `End`. So a document of any size, and
any number of small ones, need the same memory.
"""

import re
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, starmap
from typing import NamedTuple

from textgen.corpus.corpus_file import CorpusFile
from textgen.corpus.forms import TableForm, TextForm, form_of
from textgen.corpus.statistics import CorpusStatistics
from textgen.corpus.tables.rows import read_rows
from textgen.corpus.text.cleaning import TextCleaner, UncleanText, unify_line_ends
from textgen.corpus.text.normalization_boundaries import cut_safely
from textgen.errors import DataError

PIECE = 1 << 16  # characters
# Part of every token store's key. Raise it with each change of the documents that a file gives:
# of decoding, cleaning, the rows of tables, or the ends of documents.
READING_VERSION = 1
# The markers between texts for GPT-2, which often have a line of their own.
MARKER = re.compile(r"\n?<\|(?:start|end)oftext\|>\n?")
LONGEST_MARKER = len("\n<|startoftext|>\n")


class End(NamedTuple):
    """The end of a document.

    Attributes:
        where: the place of its beginning, for people: "book.txt:17", "rows.parquet: row 3".
        label: its label, or nothing.
    """

    where: str
    label: str


Pieces = Iterator[str | End]


class Unit(NamedTuple):
    """A text that documents are cut from: a file of running text, a row, or all rows.

    Attributes:
        where: its place, for people.
        label: of its documents.
        pieces: its clean text.
        has_lines: whether people can find one of its lines by number.
    """

    where: str
    label: str
    pieces: Iterable[str]
    has_lines: bool = False

    def end(self, line: int) -> End:
        """Return the end of a document that begins in a line, counted from 1."""
        return End(f"{self.where}:{line}" if self.has_lines else self.where, self.label)


def read_documents(file: CorpusFile, statistics: CorpusStatistics) -> Pieces:
    """Yield the documents of a file.

    Args:
        file: a file, and its rule.
        statistics: counts the changes, and the documents that are left out.

    Returns:
        pieces of text, none of them empty unless lines are strict, and the end of each document.

    Raises:
        DataError: the file cannot be read, naming file and line.
    """
    rule, form = file.rule, form_of(file)
    if isinstance(form, TextForm):
        end = rule.documents or ("line" if rule.strict else "file")
        text = form.read(file, statistics)
        units = iter([Unit(file.name, file.label, text, has_lines=True)])
    else:
        end = rule.documents or "row"
        rows = _rows(file, form, statistics)
        units = iter([_joined(file, rows)]) if end == "file" else rows
    cut = {"line": _lines, "paragraph": _paragraphs, "marker": _marked}.get(end, _whole)
    pieces = chain.from_iterable(map(cut, units))
    return pieces if rule.strict else _not_empty(pieces)


def _rows(file: CorpusFile, form: TableForm, statistics: CorpusStatistics) -> Iterator[Unit]:
    """Yield the rows of a table. None is held while the next is read, since it may be long."""
    clean_row = partial(_row, file, statistics, TextCleaner(file.rule, statistics))
    with form.open(file, statistics) as table:
        yield from starmap(clean_row, read_rows(table, file.rule, statistics))


def _row(
    file: CorpusFile,
    statistics: CorpusStatistics,
    cleaner: TextCleaner,
    where: str,
    label: str,
    text: str,
) -> Unit:
    """Return a row of a table."""
    label = "".join(_clean(cleaner, where, label)) if label else file.label
    return Unit(where, label, _clean(cleaner, where, unify_line_ends(text, statistics.changes)))


def _clean(cleaner: TextCleaner, where: str, text: str) -> Iterator[str]:
    """Yield the clean text of a row, in pieces where it is long."""
    slices = (text[i : i + PIECE] for i in range(0, len(text), PIECE))
    pieces = cut_safely(slices, PIECE) if len(text) > PIECE else [text]
    begun, continues = 0, False
    for piece in pieces:
        try:
            clean = cleaner.clean(piece, continues=continues)
        except UncleanText as error:
            number = begun + error.position + 1
            raise DataError(f"{where}: character {number} of the text is {error.what}") from None
        begun, continues = begun + len(piece), not piece.endswith("\n")
        yield clean


def _joined(file: CorpusFile, rows: Iterable[Unit]) -> Unit:
    """Return all rows as one unit, each closed by a line end."""
    return Unit(file.name, file.label, chain.from_iterable(map(_closed, rows)))


def _closed(row: Unit) -> Iterator[str]:
    """Yield the text of a row with a line end after it."""
    last = ""
    for last in row.pieces:
        yield last
    if not last.endswith("\n"):
        yield "\n"


def _whole(unit: Unit) -> Pieces:
    """Yield a unit as one document."""
    yield from unit.pieces
    yield End(unit.where, unit.label)


def _lines(unit: Unit) -> Pieces:
    """Cut a unit at line ends. A last line without line end is a document, too."""
    number, is_open = 1, False
    for piece in unit.pieces:
        *lines, rest = piece.split("\n")
        for line in lines:
            yield line
            yield unit.end(number)
            number += 1
        is_open = bool(rest) or (is_open and not lines)
        yield rest
    if is_open:
        yield unit.end(number)


def _paragraphs(unit: Unit) -> Pieces:
    """Cut a unit at blank lines. The last line of a paragraph comes without its line end."""
    number, begun = 1, 0  # this line, and the first of the paragraph; 0 for none
    blank: str | None = ""  # the text of this line so far; None if it is not blank
    for piece in chain(unit.pieces, ["\n\n"]):
        for index, text in enumerate(piece.split("\n")):
            if index:
                if blank is not None and begun:
                    yield unit.end(begun)
                    begun = 0
                number, blank = number + 1, ""
            if blank is None:
                yield text
            elif not text.strip():
                blank += text
            else:
                yield ("\n" if begun else "") + blank + text
                begun, blank = begun or number, None


def _marked(unit: Unit) -> Pieces:
    """Cut a unit at markers. Markers and the line ends around them are no text."""
    number, begun, held = 1, 1, ""
    for piece in chain(unit.pieces, [None]):
        text, start = held + (piece or ""), 0
        for marker in MARKER.finditer(text):
            if piece is not None and marker.end() == len(text):
                break  # its line end may be in the next piece
            yield text[start : marker.start()]
            yield unit.end(begun)
            number += text.count("\n", start, marker.end())
            begun, start = number, marker.end()
        stop = max(start, len(text) - LONGEST_MARKER) if piece is not None else len(text)
        yield text[start:stop]
        number += text.count("\n", start, stop)
        held = text[stop:]
    yield unit.end(begun)


def _not_empty(pieces: Pieces) -> Pieces:
    """Leave out empty pieces, and documents without text."""
    begun = False
    for piece in pieces:
        if isinstance(piece, str):
            if piece:
                begun = True
                yield piece
        elif begun:
            begun = False
            yield piece
