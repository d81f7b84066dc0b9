"""A prepared corpus on disk: memory-mapped token ids for each split, tokenizer, manifest."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.config.corpus import SPLITS, CorpusConfig
from textgen.config.tokens import EOS_ID
from textgen.corpus.corpus_file import STORE
from textgen.errors import DataError, MissingInput, UsageError
from textgen.json_files import to_json
from textgen.tokenization.tokenizer import Tokenizer

FORMAT = 4
TOKENIZER = "tokenizer.json"
# Settings whose effect on the ids is seen in the tokenizer, the counts and the fingerprint.
TOLD_OTHERWISE = ("tokenizer", "vocab_size", "validation", "decontaminate", "streaming")
# A line of JSON for each document that was left out: where, why, its beginning. The name ends with
# nothing that a folder is searched for when it is read as a corpus.
REMOVED = "removed.ndjson"


@dataclass(frozen=True)
class SplitCounts:
    """What a split holds; `tokens` counts one `<eos>` for each document end."""

    documents: int = 0
    characters: int = 0
    bytes: int = 0
    tokens: int = 0

    def plus(self, text: str | None, tokens: int) -> "SplitCounts":
        """Return the counts with a piece of a document, or its end (`None`, `<eos>`), added."""
        return SplitCounts(
            self.documents + (text is None),
            self.characters + len(text or ""),
            self.bytes + len((text or "").encode()),
            self.tokens + tokens,
        )


@dataclass(frozen=True)
class StoreManifest:
    """Where a token store comes from and what it holds; the content of `store.json`.

    Attributes:
        corpus: the corpus's name.
        licence: of its texts, or "unknown".
        fingerprint: SHA-256 over the corpus's bytes.
        key: SHA-256 over all that decided what the store holds.
        settings: the `CorpusConfig` it was made with.
        cut: the rule that made the splits, in words.
        counts: by name of the split.
        sources: where the texts come from (name, licence, revision, weight, label), and how many
            documents and characters of each are kept.
        labels: documents of each label.
        changes: what was changed in the texts, and how often.
        removed: why documents were left out, and how many.
        encodings: of files whose encoding was found out.
        notes: what people should know about what was read and how.
        format: version of this layout.
    """

    corpus: str
    licence: str
    fingerprint: str
    key: str
    settings: dict[str, Any]
    cut: str
    counts: dict[str, SplitCounts]
    sources: list[dict[str, Any]]
    labels: dict[str, int]
    changes: dict[str, int]
    removed: dict[str, int]
    encodings: dict[str, str]
    notes: list[str]
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        """Write the manifest into the folder of a new store."""
        (folder / STORE).write_bytes(to_json(asdict(self)))

    @classmethod
    def read(cls, folder: Path) -> "StoreManifest":
        """Read and check a store's manifest.

        Raises:
            DataError: it is damaged, or of another version.
        """
        path = folder / STORE
        try:
            told = json.loads(path.read_bytes())
            counts = {name: SplitCounts(**told["counts"][name]) for name in SPLITS}
            manifest = cls(**told | {"counts": counts})
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path}: damaged ({error}); prepare the corpus again") from None
        if manifest.format != FORMAT:
            raise DataError(f"{path}: format {manifest.format} is not read; prepare again")
        return manifest


class TokenStore:
    """A prepared corpus. Its ids stay on disk until they are used."""

    def __init__(self, folder: Path) -> None:
        """Open a store.

        Raises:
            MissingInput: the folder is not a token store.
            DataError: the store is damaged.
        """
        if not (folder / STORE).is_file():
            raise MissingInput(f"{folder}: not a token store (no {STORE})")
        self.folder = folder
        self.manifest = StoreManifest.read(folder)
        self.tokenizer = Tokenizer.from_json((folder / TOKENIZER).read_text(encoding="utf-8"))
        for split in SPLITS:
            self._check_size(split)

    @staticmethod
    def is_store(path: Path) -> bool:
        """Tell whether a path is a token store."""
        return (path / STORE).is_file()

    @property
    def is_running_text(self) -> bool:
        """Whether a document goes on where the one before it ends, as the lines of a text do."""
        return bool(self.manifest.settings.get("strict"))

    @property
    def provenance(self) -> dict[str, Any]:
        """Where the text comes from and how it was read, for a model's manifest."""
        names = ("licence", "fingerprint", "cut", "settings")
        return {"name": self.manifest.corpus, **{n: getattr(self.manifest, n) for n in names}}

    @property
    def identity(self) -> dict[str, Any]:
        """What decides the ids, as values that JSON can hold; two stores that agree are equal.

        Files may have moved, so their names do not count: what the fingerprint and the counts tell
        of them does.
        """
        tokens = self.tokenizer.to_json().encode()
        settings = self.manifest.settings
        return {
            "fingerprint": self.manifest.fingerprint,
            "settings": {name: v for name, v in settings.items() if name not in TOLD_OTHERWISE},
            "tokenizer": hashlib.sha256(tokens).hexdigest(),
            "counts": {name: asdict(counts) for name, counts in self.manifest.counts.items()},
        }

    def require(self, settings: Mapping[str, Any]) -> None:
        """Refuse settings other than those that the store was prepared with.

        Args:
            settings: some of `CorpusConfig`.

        Raises:
            UsageError: one of them differs.
        """
        own = self.manifest.settings
        wanted = CorpusConfig.from_dict({**own, **settings}).to_dict()
        for name in settings:
            if own.get(name) != wanted[name]:
                raise UsageError(
                    f"{self.folder}: prepared with {name} {own.get(name)!r}, not "
                    f"{wanted[name]!r}; prepare the corpus again, or leave the option out"
                )

    def counts(self, split: str) -> SplitCounts:
        """Return what a split holds."""
        return self.manifest.counts[split]

    def tokens(self, split: str) -> NDArray[np.unsignedinteger[Any]]:
        """Return the ids of a split, of shape (tokens,): documents, each closed by `<eos>`."""
        dtype = token_dtype(self.tokenizer.vocab_size)
        if not self.counts(split).tokens:
            return np.zeros(0, dtype)
        return np.memmap(split_path(self.folder, split), dtype, mode="r")

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of documents, in the order of their numbers, which begin with 1."""
        return tuple(self.manifest.labels)

    def inputs(self, split: str) -> NDArray[Any]:
        """Return what a network is fed of a split: its ids, and with them labels, if there are any.

        To the id of a token of a labelled document the size of the vocabulary is added, times the
        number of the label.

        Raises:
            DataError: the store is damaged.
        """
        tokens = self.tokens(split)
        if not self.labels or not len(tokens):
            return tokens
        ends, path = np.flatnonzero(tokens == EOS_ID) + 1, labels_path(self.folder, split)
        labels = np.fromfile(path, "<u4").astype(np.int32)
        if len(labels) != len(ends) or labels.max(initial=0) > len(self.labels):
            raise DataError(f"{path}: its labels are not those of the documents; prepare again")
        added = np.int32(self.tokenizer.vocab_size) * labels
        return tokens.astype(np.int32) + np.repeat(added, np.diff(ends, prepend=0))

    def texts(self, split: str) -> Iterator[str]:
        """Yield the clean text of each document of a split, in order."""
        tokens = self.tokens(split)
        begin = 0
        for end in np.flatnonzero(tokens == EOS_ID):
            yield self.tokenizer.decode(tokens[begin:end].tolist())
            begin = int(end) + 1
        if begin < len(tokens):
            yield self.tokenizer.decode(tokens[begin:].tolist())

    def _check_size(self, split: str) -> None:
        """Refuse a file of ids that is shorter or longer than the manifest says."""
        path = split_path(self.folder, split)
        itemsize = token_dtype(self.tokenizer.vocab_size).itemsize
        if not path.is_file() or path.stat().st_size != self.counts(split).tokens * itemsize:
            raise DataError(f"{path}: not of the size its manifest says; prepare the corpus again")


def token_dtype(vocab_size: int) -> "np.dtype[np.unsignedinteger[Any]]":
    """Return the little-endian type that ids of a vocabulary are stored in."""
    return np.dtype("<u2" if vocab_size <= 1 << 16 else "<u4")


def labels_path(folder: Path, split: str) -> Path:
    """Return the file with the number of each document's label; empty where there are no labels."""
    return folder / f"{split}.labels"


def split_path(folder: Path, split: str) -> Path:
    """Return the file that holds a split's ids."""
    return folder / f"{split}.bin"
