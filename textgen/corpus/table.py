"""A table that is read once, from its first row to its last."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
            least.
    """

    name: str
    columns: Mapping[str, bool]
    rows: Callable[[Sequence[str]], Iterator[tuple[str, Cells]]]


def check_header(where: str, names: Sequence[str]) -> None:
    """Refuse columns that could not be told apart.

    Args:
        where: the names are, for the error.
        names: of the columns, in order.

    Raises:
        DataError: one is empty or comes twice.
    """
    if "" in names:
        raise DataError(f"{where}: column {names.index('') + 1} has no name; give it one")
    name, count = next(iter(Counter(names).most_common(1)), ("", 0))
    if count > 1:
        raise DataError(f"{where}: the column {name!r} comes twice; rename one of them")
