"""A file of a corpus: the place of its bytes, and the way to read them."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from textgen.config.corpus import DocumentRule
from textgen.errors import DataError

PACKINGS = (".gz", ".zst")
SPLIT_NAMES = {
    "train": "train",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
}
STORE = "store.json"  # marks a folder as a token store, whose texts are elsewhere


class StoredFile(Protocol):
    """The place of a file's bytes."""

    def fingerprint(self) -> str:
        """Return a SHA-256 that changes when the bytes do."""

    def local(self) -> AbstractContextManager[Path]:
        """Yield a file on this machine that holds the bytes, for as long as they are read."""


@dataclass(frozen=True)
class LocalFile:
    """A file on this machine."""

    path: Path

    def fingerprint(self) -> str:
        """Return the SHA-256 of its bytes."""
        self._refuse_changes()
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    @contextmanager
    def local(self) -> Iterator[Path]:
        """Yield its path.

        Raises:
            DataError: the file has changed since it was first looked at.
        """
        self._refuse_changes()
        yield self.path
        self._refuse_changes()

    @cached_property
    def _first_state(self) -> tuple[int, int]:
        """The state in which it was first looked at."""
        return self._state()

    def _state(self) -> tuple[int, int]:
        """Return its size, and the time of its last change in nanoseconds."""
        status = self.path.stat()
        return status.st_size, status.st_mtime_ns

    def _refuse_changes(self) -> None:
        """Refuse a file that changes meanwhile, since nobody could say which text was read."""
        if self._first_state != self._state():
            raise DataError(f"{self.path}: changed while it was read; run this again")


@dataclass(frozen=True)
class Origin:
    """The origin of files: the corpus that was named, or one source of a recipe.

    Attributes:
        name: what people call it.
        licence: of its texts, or "unknown".
        revision: the commit, if it is a hub dataset.
        weight: the number of times that each of its training documents comes in an epoch.
        label: the label of all its documents, or nothing.
    """

    name: str = ""
    licence: str = "unknown"
    revision: str = ""
    weight: float = 1.0
    label: str = ""


@dataclass(frozen=True)
class CorpusFile:
    """A file of a corpus.

    Attributes:
        name: what people call it.
        stored: the place of its bytes.
        form: a name in `FORMS`, or the name of a builder of Hugging Face `datasets`.
        packing: its compression, one of `PACKINGS`, or nothing.
        rule: the text of it that is read, the ends of documents, and the documents to keep.
        split: the split that its name or its dataset assigns it to, if any.
        hub_split: the name of the split on the hub, if it is of a hub dataset.
        origin: the source that it belongs to.
        options: of the builder.
    """

    name: str
    stored: StoredFile
    form: str
    packing: str = ""
    rule: DocumentRule = field(default_factory=DocumentRule)
    split: str | None = None
    hub_split: str = ""
    origin: Origin = Origin()
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_held_out(self) -> bool:
        """Whether its name or its dataset keeps it out of training."""
        return self.split in ("validation", "test")

    @property
    def label(self) -> str:
        """The label of all its documents, or nothing."""
        return self.origin.label

    def in_encoding(self, encoding: str) -> "CorpusFile":
        """Return the same file with its encoding."""
        if encoding == self.rule.encoding:
            return self
        return replace(self, rule=self.rule.replace(encoding=encoding))


def suffixes(path: Path) -> tuple[str, str]:
    """Return the suffix of a file's form and that of its packing: x.csv.gz gives .csv and .gz."""
    last = path.suffix.lower()
    return (Path(path.stem).suffix.lower(), last) if last in PACKINGS else (last, "")
