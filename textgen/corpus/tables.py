"""Tables: rows of .csv, .tsv, .jsonl and .parquet files and of hub sets, each with its place."""

import csv
import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from textgen.config.corpus import TextPolicy
from textgen.corpus.hub import HubPart, import_datasets
from textgen.corpus.reader import read_text
from textgen.corpus.sources import FilePart, Part
from textgen.errors import DataError

ROWS_AT_ONCE = 1000
LONGEST_CELL = 1 << 31  # characters
DELIMITERS = {"csv": ",", "tsv": "\t"}


@dataclass(frozen=True)
class Table:
    """A table that is read once.

    Attributes:
        name: what people call it.
        columns: the names of its columns, and whether they hold text.
        rows: the place of each row, for people, and its cells.
    """

    name: str
    columns: Mapping[str, bool]
    rows: Iterator[tuple[str, Mapping[str, Any]]]


def open_table(part: Part, policy: TextPolicy) -> Table:
    """Open a table.

    Args:
        part: of any form but plain text.
        policy: its encoding; the cells are not cleaned.

    Raises:
        DataError: it is damaged, naming file and line.
        UsageError: the library that reads it is not installed.
    """
    if isinstance(part, HubPart):
        return _library_table(part.name, part.rows)
    if part.form == "jsonl":
        return _json_table(part, policy)
    if part.form == "parquet":
        return _parquet_table(part)
    return _csv_table(part, policy)


def _json_table(part: FilePart, policy: TextPolicy) -> Table:
    """Open a file with a JSON object a line; the first one names the columns."""
    rows = _json_rows(part, policy)
    first = next(rows, None)
    columns = {} if first is None else {k: isinstance(v, str) for k, v in first[1].items()}
    return Table(part.name, columns, itertools.chain([first] if first else [], rows))


def _json_rows(part: FilePart, policy: TextPolicy) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the objects of a JSON-lines file."""
    for number, line in enumerate(_raw_lines(part, policy), 1):
        if not line.strip():
            continue
        where = f"{part.name}:{number}"
        try:
            row = json.loads(line, object_pairs_hook=_unique)
        except RecursionError:
            raise DataError(f"{where}: nested too deeply") from None
        except ValueError as error:
            raise DataError(f"{where}: not JSON ({error})") from None
        if not isinstance(row, dict):
            raise DataError(f"{where}: a JSON {type(row).__name__}; an object is wanted")
        yield where, row


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Make a dictionary, refusing a key that comes twice, of which one value would be lost."""
    row: dict[str, Any] = {}
    for key, value in pairs:
        if key in row:
            raise ValueError(f"the key {key!r} comes twice")
        row[key] = value
    return row


def _csv_table(part: FilePart, policy: TextPolicy) -> Table:
    """Open a .csv or .tsv file with the library, after a look at its shape.

    Cells are read as text, as they are: the library would take 007 for a number and NA for
    nothing, and would fill short rows up.
    """
    delimiter = DELIMITERS[part.form]
    columns = _check_shape(part, policy, delimiter)
    if not columns:
        return Table(part.name, {}, iter(()))
    datasets = import_datasets(f".{part.form}")
    texts = datasets.Features({name: datasets.Value("string") for name in columns})
    rows = datasets.load_dataset(
        "csv", data_files={"train": [str(part.path)]}, split="train", streaming=True,
        sep=delimiter, features=texts, keep_default_na=False, encoding=policy.encoding,
    )  # fmt: skip
    return _library_table(part.name, rows)


def _check_shape(part: FilePart, policy: TextPolicy, delimiter: str) -> list[str]:
    """Return the header of a .csv or .tsv file whose rows are all as long as it.

    Raises:
        DataError: a ragged row, an open quotation mark or an undecodable byte, naming the line.
    """
    lines = (line + "\n" for line in _raw_lines(part, policy))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    header: list[str] = []
    limit = csv.field_size_limit(LONGEST_CELL)
    try:
        for row in reader:
            header = header or row
            if row and len(row) != len(header):
                raise DataError(
                    f"{part.name}:{reader.line_num}: {len(row)} fields, but the first line has "
                    f"{len(header)}; put quotation marks around text that holds {delimiter!r}"
                )
    except csv.Error as error:
        raise DataError(f"{part.name}:{reader.line_num}: {error}") from None
    finally:
        csv.field_size_limit(limit)
    if twice := [name for name, count in Counter(header).items() if count > 1]:
        raise DataError(f"{part.name}:1: the column {twice[0]!r} comes twice")
    return header


def _parquet_table(part: FilePart) -> Table:
    """Open a .parquet file with the library."""
    datasets = import_datasets(".parquet")
    try:
        rows = datasets.load_dataset(
            "parquet", data_files={"train": [str(part.path)]}, split="train", streaming=True
        )
    except ValueError as error:  # Arrow's errors are ValueErrors
        raise DataError(f"{part.name}: not a readable .parquet file ({error})") from None
    return _library_table(part.name, rows)


def _library_table(name: str, rows: Any) -> Table:
    """Wrap a data set of the library."""
    columns = {
        column: getattr(feature, "dtype", "") in ("string", "large_string")
        for column, feature in (rows.features or {}).items()
    }
    return Table(name, columns, _library_rows(name, rows))


def _library_rows(name: str, rows: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the rows of a data set of the library, counted from 1."""
    number = 0
    try:
        for batch in rows.iter(batch_size=ROWS_AT_ONCE):
            for cells in zip(*batch.values(), strict=True):
                number += 1
                yield f"{name}: row {number}", dict(zip(batch, cells, strict=True))
    except (ValueError, OSError) as error:
        raise DataError(f"{name}: damaged after row {number} ({error})") from None


def _raw_lines(part: FilePart, policy: TextPolicy) -> Iterator[str]:
    """Yield the lines of a file, without line ends, not normalized: escapes come first."""
    raw = TextPolicy(encoding=policy.encoding, normalize="none")
    line: list[str] = []  # its parts: a line may be long
    for piece in read_text(part.path, raw, name=part.name):
        first, *others = piece.split("\n")
        line.append(first)
        for other in others:
            yield "".join(line)
            line = [other]
    if any(line):
        yield "".join(line)
