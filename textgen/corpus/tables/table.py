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
        columns: the names of its columns, and whether they hold text; none if they are not known
            or the file is empty.
        rows: yields the place of each row, for people, and its cells in the columns asked for at
            least, as far as it has them.
        ambiguous: names that several columns have, and where these are named.
        nested: columns that hold lists of objects, as chats do, and what holds text in these.
    """

    name: str
    columns: Mapping[str, bool]
    rows: Callable[[Sequence[str]], Iterator[tuple[str, Cells]]]
    ambiguous: Mapping[str, str] = field(default_factory=dict)
    nested: Mapping[str, str] = field(default_factory=dict)


def named(names: Iterable[str], where: str) -> list[str]:
    """Return the columns that have a name; those without cannot be asked for.

    Raises:
        DataError: none of them has one.
    """
    every = list(names)
    if every and not any(every):
        raise DataError(f"{where}: no column has a name; write one above the text")
    return [name for name in every if name]


def twice(names: Iterable[str]) -> frozenset[str]:
    """Return the names that come more than once."""
    return frozenset(name for name, count in Counter(names).items() if count > 1)
