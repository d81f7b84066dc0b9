"""A table that is read once, from its first row to its last."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from textgen.errors import DataError

Cells = Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        name: what people call it.
        columns: whether each column holds text, by name; empty if the names are unknown.
        rows: yields the place of each row, for people, and its cells: those of the requested
            columns that the row has, and perhaps others.
        ambiguous: the place of each name that several columns have.
        nested: columns of lists of objects, as chats are, and the key of the text in an object.
    """

    name: str
    columns: Mapping[str, bool]
    rows: Callable[[Sequence[str]], Iterator[tuple[str, Cells]]]
    ambiguous: Mapping[str, str] = field(default_factory=dict)
    nested: Mapping[str, str] = field(default_factory=dict)


def named(names: Iterable[str], where: str) -> list[str]:
    """Return the names of the columns that have one; no other can be requested.

    Raises:
        DataError: none of them has one.
    """
    every = list(names)
    if every and not any(every):
        raise DataError(f"{where}: no column has a name; write one above the text")
    return [name for name in every if name]


def twice(names: Iterable[str]) -> frozenset[str]:
    """Return the names that occur more than once."""
    return frozenset(name for name, count in Counter(names).items() if count > 1)
