"""From a part of a corpus to its documents: clean text in pieces, and where each ends.

Documents come as one flat stream of pieces in which an `End` closes each. So a document of any
size, and any number of small ones, pass through the same memory.
"""

import re
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, starmap
from typing import NamedTuple

from textgen.corpus.corpus_file import CorpusFile
from textgen.corpus.statistics import CorpusStatistics
from textgen.corpus.tables.rows import read_rows
from textgen.corpus.text.cleaning import TextCleaner, UncleanText, unify_line_ends
from textgen.corpus.text.normalization_boundaries import cut_safely
from textgen.corpus.text.reader import read_text
from textgen.corpus.text.recognition import recognise
from textgen.errors import DataError

PIECE = 1 << 16  # characters
# Part of every token store's key. Raise it with each change of the documents that a file gives:
# of decoding, cleaning, the rows of tables, or the ends of documents.
READING_VERSION = 1
# What texts for GPT-2 are put between, each often in a line of its own.
MARKER = re.compile(r"\n?<\|(?:start|end)oftext\|>\n?")
LONGEST_MARKER = len("\n<|startoftext|>\n")


class End(NamedTuple):
    """The end of a document.

    Attributes:
        where: it began, for people: "book.txt:17", "rows.parquet: row 3".
        label: what kind of text it is, or nothing.
    """

    where: str
    label: str


Pieces = Iterator[str | End]


class DocumentBuilder(NamedTuple):
    """A file of plain text, a row of a table, or all rows: what documents are cut from.

    Attributes:
        where: it is, for people.
        label: of its documents.
        pieces: its clean text.
        has_lines: whether people can find one of its lines by number.
    """

    where: str
    label: str
    pieces: Iterable[str]
    has_lines: bool = False

    def end(self, line: int) -> End:
        """Return the end of a document that began in a line, counted from 1."""
        return End(f"{self.where}:{line}" if self.has_lines else self.where, self.label)


def read_documents(part: CorpusFile, tally: CorpusStatistics) -> Pieces:
    """Yield the documents of a part of a corpus.

    Args:
        part: a file, and the rule by which it is read.
        tally: is told what is changed and left out.

    Returns:
        pieces of text, none of them empty unless lines are strict, and the end of each document.

    Raises:
        DataError: something in it cannot be read, naming file and line.
    """
    rule = part.rule
    if part.form == "text":
        cut = rule.documents or ("line" if rule.strict else "file")
        units = iter([_text(part, tally)])
    else:
        cut = rule.documents or "row"
        rows = _rows(part, tally)
        units = iter([_joined(part, rows)]) if cut == "file" else rows
    documents = {"line": _lines, "paragraph": _paragraphs, "marker": _marked}.get(cut, _whole)
    pieces = chain.from_iterable(map(documents, units))
    return pieces if rule.strict else _not_empty(pieces)


def _text(part: CorpusFile, tally: CorpusStatistics) -> DocumentBuilder:
    """Return a file of plain text."""
    return DocumentBuilder(part.name, part.label, _file_text(part, tally), has_lines=True)


def _file_text(part: CorpusFile, tally: CorpusStatistics) -> Iterator[str]:
    """Yield the text of a file for as long as it is there."""
    with part.file.local() as path:
        part = recognise(path, part, tally)
        yield from read_text(path, part.rule, name=part.name, packing=part.packing, tally=tally)


def _rows(part: CorpusFile, tally: CorpusStatistics) -> Iterator[DocumentBuilder]:
    """Yield the rows of a table. None is held while the next is read, for it may be long."""
    clean_row = partial(_row, part, tally, TextCleaner(part.rule, tally))
    return starmap(clean_row, read_rows(part, tally))


def _row(
    part: CorpusFile,
    tally: CorpusStatistics,
    cleaner: TextCleaner,
    where: str,
    label: str,
    text: str,
) -> DocumentBuilder:
    """Return a row of a table."""
    label = "".join(_clean(cleaner, where, label)) if label else part.label
    return DocumentBuilder(
        where, label, _clean(cleaner, where, unify_line_ends(text, tally.changes))
    )


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


def _joined(part: CorpusFile, rows: Iterable[DocumentBuilder]) -> DocumentBuilder:
    """Return all rows as one, each closed by a line end."""
    return DocumentBuilder(part.name, part.label, chain.from_iterable(map(_closed, rows)))


def _closed(row: DocumentBuilder) -> Iterator[str]:
    """Yield the text of a row with a line end after it."""
    last = ""
    for last in row.pieces:
        yield last
    if not last.endswith("\n"):
        yield "\n"


def _whole(unit: DocumentBuilder) -> Pieces:
    """Yield a unit as one document."""
    yield from unit.pieces
    yield End(unit.where, unit.label)


def _lines(unit: DocumentBuilder) -> Pieces:
    """Cut a unit at line ends; a line without end at the end of it counts, too."""
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


def _paragraphs(unit: DocumentBuilder) -> Pieces:
    """Cut a unit at blank lines. The last line of a paragraph comes without its line end."""
    number, begun = 1, 0  # this line, and the one in which the paragraph began; 0 for none
    blank: str | None = ""  # what this line holds so far, None if that is not blank
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


def _marked(unit: DocumentBuilder) -> Pieces:
    """Cut a unit at markers. They, and the line ends around them, are no text."""
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
