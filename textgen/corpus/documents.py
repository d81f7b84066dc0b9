"""From the parts of a corpus to its documents: clean text in pieces, and where each ends.

Documents come as one flat stream of pieces in which `None` is the end of a document. So a
document of any size, and any number of small ones, pass through the same memory.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from textgen.config.corpus import DocumentRule
from textgen.config.template import RowTemplate
from textgen.corpus.reader import read_text
from textgen.corpus.sources import FilePart, Part
from textgen.corpus.tables import Table, open_table
from textgen.corpus.text import clean_text
from textgen.errors import DataError, UsageError

Pieces = Iterator[str | None]
EMPTY_CELLS = "rows whose cell is null or empty"


def read_documents(part: Part, rule: DocumentRule, skipped: Counter[str]) -> Pieces:
    """Yield the documents of a part of a corpus.

    Args:
        part: a file, or a split of a hub set.
        rule: which text is read, and where a document ends.
        skipped: is told what is left out.

    Raises:
        DataError: something in it cannot be read, naming file and line.
        UsageError: rows are wanted of plain text.
    """
    if isinstance(part, FilePart) and part.form == "text":
        documents = rule.documents or ("line" if rule.strict else "file")
        if documents == "row":
            raise UsageError(f"{part.name}: plain text has no rows; --documents row is for tables")
        units = _text(part, rule)
    else:
        documents = rule.documents or "row"
        units = _cells(part, rule, skipped)
        if documents == "file":
            units = _joined(units)
    if documents == "line":
        units = _lines(units)
    elif documents == "paragraph":
        units = _paragraphs(units)
    return units if rule.strict else _not_empty(units)


def _text(part: FilePart, rule: DocumentRule) -> Pieces:
    """Yield a text file as one document."""
    yield from read_text(part.path, rule, name=part.name)
    yield None


def _cells(part: Part, rule: DocumentRule, skipped: Counter[str]) -> Pieces:
    """Yield each row's text as a document; a row without text is skipped and counted."""
    table = open_table(part, rule)
    template = None if rule.template is None else RowTemplate(rule.template)
    columns = template.columns if template else [rule.column or _text_column(table)]
    for name in columns:
        if table.columns and name not in table.columns:
            raise DataError(f"{table.name}: no column {name!r}; its columns are: {_names(table)}")
    for where, row in table.rows:
        cells = {name: _cell(where, row, name, numbers=template is not None) for name in columns}
        if any(cell is None or (not cell and not rule.strict) for cell in cells.values()):
            skipped[EMPTY_CELLS] += 1
            continue
        texts = {name: cell or "" for name, cell in cells.items()}
        text = template.fill(texts) if template else texts[columns[0]]
        try:
            yield clean_text(text, rule.normalize)
        except DataError as error:
            raise DataError(f"{where}: {error}") from None
        yield None


def _text_column(table: Table) -> str:
    """Return the column that must be meant: `text`, or the only one that holds text.

    Raises:
        DataError: there is no such column; names those there are.
    """
    texts = [name for name, is_text in table.columns.items() if is_text]
    if "text" in table.columns or not table.columns:
        return "text"
    if len(texts) != 1:
        raise DataError(
            f"{table.name}: which column holds the text? name it with --column, or several with "
            f"--template; the columns are: {_names(table)}"
        )
    return texts[0]


def _names(table: Table) -> str:
    """List the columns of a table for an error."""
    return ", ".join(table.columns)


def _cell(where: str, row: Mapping[str, Any], name: str, *, numbers: bool) -> str | None:
    """Return the text of a cell; a template may hold numbers, too.

    Raises:
        DataError: no such cell in this row, or one that is no text.
    """
    if name not in row:
        raise DataError(f"{where}: no {name!r}; this row has: {', '.join(row) or 'nothing'}")
    value = row[name]
    if value is None or isinstance(value, str):
        return value
    if numbers and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    shown = f"{str(value)[:40]!r}, a {type(value).__name__}"
    raise DataError(f"{where}: {name!r} holds {shown}; text is wanted")


def _lines(units: Pieces) -> Pieces:
    """Cut documents at line ends; a line without end at the end of a document counts, too."""
    open_line = False
    for piece in units:
        if piece is None:
            if open_line:
                yield None
            open_line = False
            continue
        *lines, rest = piece.split("\n")
        for line in lines:
            yield line
            yield None
        open_line = bool(rest) or (open_line and not lines)
        if rest:
            yield rest


def _paragraphs(units: Pieces) -> Pieces:
    """Cut documents at blank lines."""
    line: list[str] = []  # its parts: a line may be long
    begun = False
    for piece in units:
        first, *others = ("\n\n" if piece is None else piece).split("\n")
        line.append(first)
        for other in others:
            whole = "".join(line)
            line = [other]
            if whole.strip():
                yield "\n" + whole if begun else whole
            elif begun:
                yield None
            begun = bool(whole.strip())


def _joined(units: Pieces) -> Pieces:
    """Make one document of all, each closed by a line end."""
    last = ""
    for piece in units:
        if piece is not None:
            yield piece
            last = piece
        elif not last.endswith("\n"):
            yield "\n"
    yield None


def _not_empty(pieces: Pieces) -> Pieces:
    """Leave out documents without text."""
    begun = False
    for piece in pieces:
        if piece:
            begun = True
            yield piece
        elif piece is None and begun:
            begun = False
            yield None
