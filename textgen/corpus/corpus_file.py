"""A part of a corpus: one file, wherever it is, and how it is read."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from textgen.config.corpus import DocumentRule
from textgen.errors import DataError

# What a file's name ends with, and its form. A file named alone may end with anything.
FORMS = {".txt": "text", ".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".parquet": "parquet"}
PACKINGS = (".gz", ".zst")
SPLIT_NAMES = {
    "train": "train",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
}
STORE = "store.json"  # a folder that holds it is a token store, whose texts are elsewhere
_SHARD = re.compile(r"-\d+-of-\d+$")


class StoredFile(Protocol):
    """Where the bytes of a part are."""

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
            DataError: the file is not what it was when it was first looked at.
        """
        self._refuse_changes()
        yield self.path
        self._refuse_changes()

    @cached_property
    def _first_seen(self) -> tuple[int, int]:
        """The state in which it was first looked at."""
        return self._state()

    def _state(self) -> tuple[int, int]:
        """Return its size, and when it was last written to, in nanoseconds."""
        found = self.path.stat()
        return found.st_size, found.st_mtime_ns

    def _refuse_changes(self) -> None:
        """Refuse a file that is written to meanwhile: nobody could say what was read."""
        if self._first_seen != self._state():
            raise DataError(f"{self.path}: changed while it was read; run this again")


@dataclass(frozen=True)
class Origin:
    """Where parts of a corpus come from: what was named for it, or one source of a recipe.

    Attributes:
        name: what people call it.
        licence: of its texts, or "unknown".
        revision: the commit, if it is a hub set.
        weight: how often a document of it that is trained on comes in an epoch.
        label: the kind of text that all of it is, or nothing.
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
        file: where its bytes are.
        form: "text", "csv", "tsv", "jsonl", or the name of a builder of Hugging Face `datasets`.
        packing: how it is packed, one of `PACKINGS`, or nothing.
        rule: which text of it is read, where documents end, and which are kept.
        split: the split that its name or its set puts it in, if any.
        hub_split: what the hub calls the split, if it is of a hub set.
        origin: where it comes from.
        options: of the builder.
    """

    name: str
    file: StoredFile
    form: str
    packing: str = ""
    rule: DocumentRule = field(default_factory=DocumentRule)
    split: str | None = None
    hub_split: str = ""
    origin: Origin = Origin()
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_held_out(self) -> bool:
        """Whether its name or its set says that it is not trained on."""
        return self.split in ("validation", "test")

    @property
    def label(self) -> str:
        """The kind of text that all of it is, or nothing."""
        return self.origin.label

    def in_encoding(self, encoding: str) -> "CorpusFile":
        """Return the same part, whose encoding is known."""
        if encoding == self.rule.encoding:
            return self
        return replace(self, rule=self.rule.replace(encoding=encoding))


def suffixes(path: Path) -> tuple[str, str]:
    """Return what tells a file's form, and how it is packed: `(".csv", ".gz")` of x.csv.gz."""
    last = path.suffix.lower()
    return (Path(path.stem).suffix.lower(), last) if last in PACKINGS else (last, "")


def file_part(path: Path, rule: DocumentRule, origin: Origin) -> CorpusFile:
    """Make a part of a file."""
    suffix, packing = suffixes(path)
    stem = path.name.lower().removesuffix(packing).removesuffix(suffix)
    split = SPLIT_NAMES.get(_SHARD.sub("", stem))
    form = FORMS.get(suffix, "text")
    return CorpusFile(str(path), LocalFile(path), form, packing, rule, split, origin=origin)
