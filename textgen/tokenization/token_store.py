"""Token stores: the memory-mapped ids of each split, the tokenizer, and the manifest."""

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
from textgen.tokenization.tokenizer import TOKENIZER, Tokenizer

FORMAT = 4
# Settings whose effect on the ids is part of the tokenizer, the counts or the fingerprint.
IMPLIED = ("tokenizer", "vocab_size", "validation", "decontaminate", "streaming")
# A line of JSON for each document left out: its place, the reason, its beginning. No form of corpus
# files has this suffix.
REMOVED = "removed.ndjson"


@dataclass(frozen=True)
class SplitCounts:
    """The size of a split; `tokens` includes one `<eos>` for each document."""

    documents: int = 0
    characters: int = 0
    bytes: int = 0
    tokens: int = 0

    def plus(self, text: str | None, tokens: int) -> "SplitCounts":
        """Return the counts with a piece added, or with the end of a document (`None`, `<eos>`)."""
        return SplitCounts(
            self.documents + (text is None),
            self.characters + len(text or ""),
            self.bytes + len((text or "").encode()),
            self.tokens + tokens,
        )


@dataclass(frozen=True)
class StoreManifest:
    """The content of `store.json`: the origin of a token store, its settings and its size.

    Attributes:
        corpus: the corpus's name.
        licence: of its texts, or "unknown".
        fingerprint: SHA-256 over the corpus's bytes.
        key: SHA-256 over everything that decides its contents; see `prepare.store_key`.
        settings: the `CorpusConfig` it was made with.
        cut: the rule of the splits, in words.
        counts: by name of the split.
        sources: the origins of the texts (name, licence, revision, weight, label), each with its
            numbers of documents and characters.
        labels: the number of documents of each label.
        changes: the number of times of each change in the texts.
        removed: the number of documents left out for each reason.
        encodings: the encodings that were detected, by name of the file.
        notes: for people.
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
            DataError: it is damaged, or of another format.
        """
        path = folder / STORE
        try:
            fields = json.loads(path.read_bytes())
            counts = {name: SplitCounts(**fields["counts"][name]) for name in SPLITS}
            manifest = cls(**fields | {"counts": counts})
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path}: damaged ({error}); prepare the corpus again") from None
        if manifest.format != FORMAT:
            raise DataError(f"{path}: format {manifest.format} is not read; prepare again")
        return manifest


class TokenStore:
    """A prepared corpus. Its ids are memory-mapped."""

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
        """Return whether a path is a token store."""
        return (path / STORE).is_file()

    @property
    def is_running_text(self) -> bool:
        """Whether each document continues the previous one, as the lines of a text do."""
        return bool(self.manifest.settings.get("strict"))

    @property
    def provenance(self) -> dict[str, Any]:
        """The origin and the settings of the corpus, for a model's manifest."""
        names = ("licence", "fingerprint", "cut", "settings")
        return {"name": self.manifest.corpus, **{n: getattr(self.manifest, n) for n in names}}

    @property
    def identity(self) -> dict[str, Any]:
        """Everything that decides the ids, as JSON values. Equal identities mean equal ids.

        Names of files do not count, since files may move. The fingerprint covers their contents.
        """
        tokenizer = self.tokenizer.to_json().encode()
        settings = self.manifest.settings
        return {
            "fingerprint": self.manifest.fingerprint,
            "settings": {name: v for name, v in settings.items() if name not in IMPLIED},
            "tokenizer": hashlib.sha256(tokenizer).hexdigest(),
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
        chosen = CorpusConfig.from_dict({**own, **settings}).to_dict()
        for name in settings:
            if own.get(name) != chosen[name]:
                raise UsageError(
                    f"{self.folder}: prepared with {name} {own.get(name)!r}, not "
                    f"{chosen[name]!r}; prepare the corpus again, or leave the option out"
                )

    def counts(self, split: str) -> SplitCounts:
        """Return the size of a split."""
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
        """Return the inputs of a network for a split: its ids, with labels if there are any.

        In a labelled document, the number of its label times the vocabulary size is added to each
        id.

        Returns:
            of shape (tokens,).

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
    """Return the little-endian type of stored ids."""
    return np.dtype("<u2" if vocab_size <= 1 << 16 else "<u4")


def labels_path(folder: Path, split: str) -> Path:
    """Return the file of the number of each document's label; it is empty without labels."""
    return folder / f"{split}.labels"


def split_path(folder: Path, split: str) -> Path:
    """Return the file of a split's ids."""
    return folder / f"{split}.bin"
