"""Which rows of a table are read, and which of their cells are text."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import starmap
from typing import NamedTuple

from textgen.config.corpus import DocumentRule
from textgen.config.template import RowTemplate
from textgen.corpus.part import Part
from textgen.corpus.table import Cells, Table
from textgen.corpus.tables import open_table
from textgen.corpus.tally import Tally
from textgen.errors import DataError

Wanted = Mapping[str, Sequence[str]]  # columns, and the values that will do

EMPTY_CELLS = "rows whose cell is null or empty"
LONGEST_LIST = 300  # characters of column names in an error


class Row(NamedTuple):
    """The text of a row.

    Attributes:
        where: it is, for people.
        label: what its label column holds, or nothing.
        text: of the column or the template; like the label not yet clean.
    """

    where: str
    label: str
    text: str


def read_rows(part: Part, tally: Tally) -> Iterator[Row]:
    """Yield the rows of a table that are wanted and have text.

    Args:
        part: of any form but plain text.
        tally: is told how many rows are left out, and what decoding changed.

    Raises:
        DataError: it is damaged, lacks a column, or a cell holds no text, naming the place.
    """
    rule = part.rule
    with open_table(part, tally) as table:
        texts = _text_columns(table, rule)
        labels = [rule.label_column] if rule.label_column else []
        wanted = {name: [v for n, v in rule.where if n == name] for name, _ in rule.where}
        columns = list(dict.fromkeys([*texts, *labels, *wanted]))
        _check_columns(table, columns)
        choose = partial(_row, rule, tally, texts, wanted)
        yield from filter(None, starmap(choose, table.rows(columns)))


def _row(
    rule: DocumentRule, tally: Tally, texts: Sequence[str], wanted: Wanted, where: str, cells: Cells
) -> Row | None:
    """Return what is read of a row, or nothing if it is left out."""
    reason = _unwanted(where, cells, wanted)
    text = None if reason else _text(where, cells, texts, rule)
    if text is None:
        tally.leave_out(where, reason or EMPTY_CELLS, str(cells.get(texts[0]) or ""))
        return None
    label = _value(where, cells, rule.label_column) if rule.label_column else ""
    return Row(where, label or "", text)


def _text_columns(table: Table, rule: DocumentRule) -> list[str]:
    """Return the columns that the text is made of.

    If the rule names none it is `text`, or the only one that holds text.

    Raises:
        DataError: there is no such column; names those there are.
    """
    if rule.template is not None:
        return RowTemplate(rule.template).columns
    texts = [name for name, is_text in table.columns.items() if is_text]
    if rule.column or "text" in table.columns or not table.columns:
        return [rule.column or "text"]
    if len(texts) != 1:
        raise DataError(
            f"{table.name}: which column holds the text? name it with --column, or several with "
            f"--template; the columns are: {_names(table.columns)}"
        )
    return texts


def _check_columns(table: Table, columns: Sequence[str]) -> None:
    """Refuse a column that is not there; an empty file has none."""
    for name in columns:
        if table.columns and name not in table.columns:
            raise DataError(
                f"{table.name}: no column {name!r}; its columns are: {_names(table.columns)}"
            )


def _unwanted(where: str, cells: Cells, wanted: Wanted) -> str:
    """Return why a row is not wanted, or nothing: a column has none of the values that will do."""
    for column, values in wanted.items():
        if _value(where, cells, column) not in values:
            return f"rows that are not where {column}={' or '.join(values)}"
    return ""


def _text(where: str, cells: Cells, columns: Sequence[str], rule: DocumentRule) -> str | None:
    """Return the text of a row; None if one of its cells is null, or empty without strict."""
    if rule.template is None:
        text = _string(where, cells, columns[0])
        return text if text or rule.strict else None
    values = {name: _value(where, cells, name) for name in columns}
    if not all(value or (value is not None and rule.strict) for value in values.values()):
        return None
    return RowTemplate(rule.template).fill({name: value or "" for name, value in values.items()})


def _string(where: str, cells: Cells, name: str) -> str | None:
    """Return a cell that holds text or nothing.

    Raises:
        DataError: no such cell in this row, or one that is no text.
    """
    if name not in cells:
        raise DataError(f"{where}: no {name!r}; this row has: {_names(cells) or 'nothing'}")
    value = cells[name]
    if value is None or isinstance(value, str):
        return value
    shown = f"{str(value)[:40]!r}, a {type(value).__name__}"
    raise DataError(f"{where}: {name!r} holds {shown}; text is wanted")


def _value(where: str, cells: Cells, name: str) -> str | None:
    """Return a cell as text: truth values as in JSON, numbers and dates as Python writes them."""
    value = cells.get(name)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | Decimal | date):
        return str(value)
    return _string(where, cells, name)


def _names(columns: Cells) -> str:
    """List the columns for an error, on one line; there may be a great many."""
    return textwrap.shorten(", ".join(columns), LONGEST_LIST)
