"""The rows of a table that are read, and the text in their cells."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import starmap
from typing import Any, NamedTuple

from textgen.config.corpus import DocumentRule
from textgen.config.template import RowTemplate
from textgen.corpus.jq_path import jq_path
from textgen.corpus.statistics import CorpusStatistics
from textgen.corpus.tables.table import Cells, Table
from textgen.errors import DataError, by_setting

Conditions = Mapping[str, Sequence[str]]  # the values of a column that keep a row

EMPTY_CELLS = "rows whose cell is null or empty"
WRITTEN = int | float | Decimal | date  # types that a template writes as text
SPOKEN = ("content", "value")  # keys of a text in chats, beside which a column of text is an id
LONGEST_LIST = 300  # characters of column names in an error


class Row(NamedTuple):
    """The text of a row.

    Attributes:
        where: its place, for people.
        label: the cell of its label column, or nothing.
        text: of the column or the template. Text and label are not cleaned.
    """

    where: str
    label: str
    text: str


def read_rows(table: Table, rule: DocumentRule, statistics: CorpusStatistics) -> Iterator[Row]:
    """Yield the rows of a table that the rule keeps and that have text.

    Args:
        table: an open table.
        rule: its columns of text and labels, and the conditions on rows.
        statistics: counts the rows that are left out.

    Raises:
        DataError: the table is damaged, lacks a column, or a cell holds no text; names the place.
    """
    texts = _text_columns(table, rule)
    labels = [rule.label_column] if rule.label_column else []
    conditions = {name: [v for n, v in rule.where if n == name] for name, _ in rule.where}
    columns = list(dict.fromkeys([*texts, *labels, *conditions]))
    _check_columns(table, columns)
    choose = partial(_row, rule, statistics, texts, conditions)
    yield from filter(None, starmap(choose, table.rows(columns)))


def _row(
    rule: DocumentRule,
    statistics: CorpusStatistics,
    texts: Sequence[str],
    conditions: Conditions,
    where: str,
    cells: Cells,
) -> Row | None:
    """Return the text and label of a row; None if it is left out."""
    reason = _unmet(where, cells, conditions)
    text = None if reason else _text(where, cells, texts, rule)
    if text is None:
        reason = reason or _no_text(cells, texts)
        statistics.leave_out(where, reason, str(cells.get(texts[0]) or ""))
        return None
    label = _value(where, cells, rule.label_column) if rule.label_column else ""
    return Row(where, label or "", text)


def _text_columns(table: Table, rule: DocumentRule) -> list[str]:
    """Return the columns that make the text.

    Where the rule names none, that is `text`, or the only column of text.

    Raises:
        DataError: there is no such column; names the columns.
    """
    if rule.template is not None:
        return RowTemplate(rule.template).columns
    if rule.column or "text" in table.columns or not table.columns:
        return [rule.column or "text"]
    texts = [name for name, is_text in table.columns.items() if is_text]
    for name, key in table.nested.items():
        if not texts or key in SPOKEN:
            raise DataError(f"{table.name}: {_of_lists(name, key)}")
    if len(texts) != 1:
        raise DataError(
            f"{table.name}: which column holds the text? "
            + by_setting("name it with {}, ", "column")
            + by_setting("or several with {}; ", "template")
            + f"the columns are: {_names(table.columns)}"
        )
    return texts


def _of_lists(name: str, key: str) -> str:
    """Return the error of a column of lists of objects, with a remedy."""
    program = rf'{{text: [{jq_path(name)}[]{jq_path(key)}] | join("\n")}}'
    return (
        f"{name!r} holds lists of objects, as chats do; name another column with "
        f"{by_setting('{}', 'column')}, or make a text of each list (in .jsonl: jq -c '{program}')"
    )


def _check_columns(table: Table, columns: Sequence[str]) -> None:
    """Refuse a column that is missing or ambiguous. An empty file has no columns at all."""
    for name in columns:
        if name in table.ambiguous:
            where = table.ambiguous[name]
            raise DataError(f"{where}: the column {name!r} comes twice; rename one of them")
        if table.columns and name not in table.columns:
            raise DataError(
                f"{table.name}: no column {name!r}; its columns are: {_names(table.columns)}"
            )


def _unmet(where: str, cells: Cells, conditions: Conditions) -> str:
    """Return the condition that a row does not meet, as a reason to leave it out, or nothing."""
    for column, values in conditions.items():
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


def _no_text(cells: Cells, columns: Sequence[str]) -> str:
    """Return the reason why a row has no text."""
    missing = [name for name in columns if name not in cells]
    return f"rows without {missing[0]!r}" if missing else EMPTY_CELLS


def _string(where: str, cells: Cells, name: str) -> str | None:
    """Return the text of a cell; None if it is null or missing.

    Raises:
        DataError: the cell is no text.
    """
    value = cells.get(name)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return _decoded(where, value, name)
    shown = f"{str(value)[:40]!r}, a {type(value).__name__}"
    raise DataError(f"{where}: {name!r} holds {shown}; {_as_text(value, name)}")


def _decoded(where: str, value: bytes, name: str) -> str:
    """Return the text of a cell of bytes, which must be UTF-8."""
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise DataError(
            f"{where}: {name!r} holds {str(value)[:40]!r}, bytes of which byte {error.start} is "
            f"not utf-8; write the column as text"
        ) from None


def _as_text(value: Any, name: str) -> str:
    """Return the remedy for a cell of another type."""
    if isinstance(value, WRITTEN):
        written = f"${name}" if name.isidentifier() and name.isascii() else f"${{{name}}}"
        return f"{by_setting('{}', 'template')} '{written}' reads it as text"
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return _of_lists(name, next(reversed(value[0]), "text"))
    if isinstance(value, list):
        path, joined = jq_path(name), r'join("\n")'
        return f"make a text of it (in .jsonl: jq -c '{path} |= (arrays |= {joined})')"
    return "make a text of it"


def _value(where: str, cells: Cells, name: str) -> str | None:
    """Return a cell as text: truth values as in JSON, numbers and dates as Python writes them."""
    value = cells.get(name)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, WRITTEN):
        return str(value)
    return _string(where, cells, name)


def _names(columns: Cells) -> str:
    """List the columns for an error; a long list is cut."""
    return textwrap.shorten(", ".join(columns), LONGEST_LIST)
