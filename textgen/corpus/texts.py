"""Texts in memory as a corpus, and what else may be given for one."""

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

IN_MEMORY = "texts in memory"  # what people read of such a corpus
LEGAL = "the name of a corpus, or a list of texts"
CORPUS_REMEDIES = LIST_REMEDIES | {
    "none": "name a file, as 'book.txt'",
    "mapping": "give a list of texts, as list(texts.values()), or of rows that are mappings",
    "file": "give its name, or [file.read()]",
    "frame": "give one of its columns, as frame['text'], or frame.to_dict('records')",
}
LONGEST_NAME = 255  # bytes of a file's name, on the usual systems
LONGEST_PATH = 4096


class Texts:
    """Texts in memory: each is a document.

    Args:
        items: they, or rows of a table, which are mappings from columns to cells.
    """

    def __init__(self, items: Iterable[str | Mapping[str, Any]]) -> None:
        self._items = list(items) if isinstance(items, Iterator) else items

    def write(self, file: IO[str], column: str) -> None:
        """Write them as a table, a JSON object a line.

        Args:
            file: that they are written to.
            column: where a text goes.

        Raises:
            UsageError: one is neither a text nor a row.
        """
        for number, item in enumerate(self._items, 1):
            if not isinstance(item, str | Mapping):
                refuse(f"text {number} of the corpus", item, "a text, or a mapping of columns")
            row = {column: item} if isinstance(item, str) else {str(k): v for k, v in item.items()}
            file.write(json.dumps(row, default=_cell) + "\n")

    def are_paths(self) -> bool:
        """Tell whether all of them are names of files, which nobody would train on."""
        found = False
        for item in self._items:
            found = isinstance(item, str) and not reads_like_text(item) and Path(item).is_file()
            if not found:
                break
        return found


def as_corpus(name: str, value: Any, _: Any = None) -> str | Texts:
    """Return the name of a corpus, or the texts that are one.

    Args:
        name: of the argument.
        value: a path, a name, or an iterable of texts or of rows; what can be iterated over once
            is read to its end.

    Raises:
        UsageError: it is something else; names what helps.
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


# What a corpus may be given as.
CorpusArgument = Annotated[str | Path | Texts | Iterable[str | Mapping[str, Any]], as_corpus]


def reads_like_text(name: str) -> bool:
    """Tell whether a text cannot well be the name of a file: it has lines, or is too long."""
    data = name.encode(errors="surrogatepass")
    longest = max(map(len, data.split(b"/")))
    has_lines = any(sign in name for sign in "\n\r\0")
    return has_lines or longest > LONGEST_NAME or len(data) > LONGEST_PATH


def _as_name(argument: str, name: str) -> str:
    """Return the name of a corpus, unless it is a text itself, or nothing."""
    if not name:
        refuse(argument, name, LEGAL)
    if reads_like_text(name) and not os.path.exists(name):
        raise UsageError(
            f"{argument} is a text of {len(name):,} characters, not the name of one; give a list "
            f"of texts, as [text], or write it to a file"
        )
    return name


def _cell(value: Any) -> Any:
    """Return what JSON can hold of a cell; of what is no text, its type, for the error."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value) if isinstance(value, date | Decimal | Number) else [type(value).__name__]
