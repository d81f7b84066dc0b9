"""Texts in memory as a corpus, and the check of the argument CORPUS."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from numbers import Number
from pathlib import Path
from typing import IO, Annotated, Any

from textgen.config.values import LIST_REMEDIES, kind_of, refuse
from textgen.errors import UsageError

IN_MEMORY = "texts in memory"  # the name of such a corpus in messages
LEGAL = "the name of a corpus, or a list of texts"
CORPUS_REMEDIES = LIST_REMEDIES | {
    "none": "name a file, as 'book.txt'",
    "mapping": "give a list of texts, as list(texts.values()), or of rows that are mappings",
    "file": "give its name, or [file.read()]",
    "frame": "give one of its columns, as frame['text'], or frame.to_dict('records')",
}
LONGEST_NAME = 255  # bytes of a file's name on common systems
LONGEST_PATH = 4096


class Texts:
    """Texts in memory, each of which is a document.

    Args:
        items: texts, or rows of a table as mappings from columns to cells.
    """

    def __init__(self, items: Iterable[str | Mapping[str, Any]]) -> None:
        self._items = list(items) if isinstance(items, Iterator) else items

    def write(self, file: IO[str], column: str) -> None:
        """Write the texts as a table with a JSON object a line.

        Args:
            file: to write to.
            column: the column of a text.

        Raises:
            UsageError: an item is neither a text nor a row.
        """
        for number, item in enumerate(self._items, 1):
            if not isinstance(item, str | Mapping):
                refuse(f"text {number} of the corpus", item, "a text, or a mapping of columns")
            row = {column: item} if isinstance(item, str) else {str(k): v for k, v in item.items()}
            file.write(json.dumps(row, default=_cell) + "\n")

    def are_paths(self) -> bool:
        """Return whether all items are names of files, which nobody would train on."""
        are_paths = False
        for item in self._items:
            are_paths = isinstance(item, str) and not reads_like_text(item) and Path(item).is_file()
            if not are_paths:
                break
        return are_paths


def as_corpus(name: str, value: Any, _: Any = None) -> str | Texts:
    """Return the name of a corpus, or its texts.

    Args:
        name: of the argument.
        value: a path, a name, or an iterable of texts or rows; an iterator is read to its end.

    Raises:
        UsageError: it is something else; names a remedy.
    """
    if isinstance(value, Texts):
        return value
    if isinstance(value, os.PathLike) and isinstance(os.fspath(value), str):
        value = os.fspath(value)
    if isinstance(value, str):
        return _as_name(name, value)
    if kind_of(value) or not isinstance(value, Iterable) or getattr(value, "ndim", 1) != 1:
        refuse(name, value, LEGAL, CORPUS_REMEDIES)
    texts = Texts(value)
    if texts.are_paths():
        raise UsageError(
            f"{name} is a list of names of files; name their folder or a glob, as 'texts/*.txt', "
            f"or give what they hold, as [Path(name).read_text() for name in names]"
        )
    return texts


# The types of the argument CORPUS.
CorpusArgument = Annotated[str | Path | Texts | Iterable[str | Mapping[str, Any]], as_corpus]


def reads_like_text(name: str) -> bool:
    """Return whether a text is hardly the name of a file: it has lines, or is too long."""
    data = name.encode(errors="surrogatepass")
    longest = max(map(len, data.split(b"/")))
    has_lines = any(sign in name for sign in "\n\r\0")
    return has_lines or longest > LONGEST_NAME or len(data) > LONGEST_PATH


def _as_name(argument: str, name: str) -> str:
    """Return the name of a corpus, unless it is empty or a text itself."""
    if not name:
        refuse(argument, name, LEGAL)
    if reads_like_text(name) and not os.path.exists(name):
        raise UsageError(
            f"{argument} is a text of {len(name):,} characters, not the name of one; give a list "
            f"of texts, as [text], or write it to a file"
        )
    return name


def _cell(value: Any) -> Any:
    """Return a cell as JSON; for a type that is no text, its name in a list, for the error."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value) if isinstance(value, date | Decimal | Number) else [type(value).__name__]
