"""Tables as JSON objects, one a line (.jsonl)."""

import json
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import Any

from textgen.corpus.lines import read_lines
from textgen.corpus.part import Part
from textgen.corpus.table import Cells, Table
from textgen.corpus.tally import Tally
from textgen.errors import DataError


def open_json(path: Path, part: Part, tally: Tally) -> Table:
    """Open a file with a JSON object a line; the first one names the columns.

    Args:
        path: where it is.
        part: its name, packing and encoding.
        tally: is told what decoding changed.

    Raises:
        DataError: the first line is no JSON object; others, when they are read.
    """
    lines = read_lines(path, part, tally)
    rows = filter(None, map(partial(_row, part.name), count(1), lines))
    first = next(rows, None)
    if first is None:
        return Table(part.name, {}, lambda _: rows)
    columns = {name: isinstance(cell, str) for name, cell in first[1].items()}
    every = chain(iter([first]), rows)  # an iterator lets go of the row, a list would not
    return Table(part.name, columns, lambda _: every)


def _row(name: str, number: int, line: str) -> tuple[str, Cells] | None:
    """Return the place and the cells of a line, or nothing if it is blank."""
    where = f"{name}:{number}"
    return (where, _cells(where, line)) if line and not line.isspace() else None


def _cells(where: str, line: str) -> dict[str, Any]:
    """Return the object that a line holds.

    Raises:
        DataError: it holds something else, or a key twice, of which one value would be lost.
    """
    try:
        cells = _DECODER.decode(line)
    except RecursionError:
        raise DataError(f"{where}: JSON that is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise DataError(
            f"{where}: not JSON ({error.msg}: character {error.pos + 1}); an object a line is "
            f"wanted"
        ) from None
    except ValueError as error:
        reason, _, _ = str(error).partition(";")  # Python's remedy for long numbers is not ours
        raise DataError(f"{where}: {reason}; mend this line") from None
    if not isinstance(cells, dict):
        raise DataError(f"{where}: a JSON {type(cells).__name__}; an object is wanted")
    return cells


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a dictionary, refusing a key that comes twice."""
    cells = dict(pairs)
    if len(cells) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} comes twice")
    return cells


_DECODER = json.JSONDecoder(object_pairs_hook=_unique)
