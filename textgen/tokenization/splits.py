"""Which part of a corpus is trained on and which is held out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from textgen.errors import UsageError

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Document:
    """A document as the survey of a corpus found it.

    Attributes:
        path: its file.
        split: the split that the file's name puts it in, if any.
        characters: code points of its clean text.
        digest: 64 bits of the SHA-256 of its clean text.
    """

    path: Path
    split: str | None
    characters: int
    digest: int


@dataclass(frozen=True)
class Span:
    """Characters `start` to `stop` of a document, and the split they belong to."""

    document: Document
    split: str
    start: int
    stop: int


def assign_splits(documents: Sequence[Document], share: float) -> tuple[list[Span], str]:
    """Give every character of a corpus to a split.

    Files named for splits keep them. What is left to cut for validation is cut by the hash of
    each document's text (so equal documents fall on one side, and adding documents moves none;
    where no hash falls in the share, the document with the smallest does), or, if there is but
    one document, after its first `int((1 - share) * characters)` characters (nanoGPT's cut).

    Args:
        documents: in the corpus's order.
        share: of the corpus that is held out, above 0 and below 1.

    Returns:
        the spans in the corpus's order, and the rule in words.
    """
    trained = [d for d in documents if d.split in (None, "train")]
    if any(d.split == "validation" for d in documents):
        return [_whole(d, d.split or "train") for d in documents], "files named for their splits"
    if len(trained) == 1:
        spans = [s for d in documents for s in (_cut(d, share) if d is trained[0] else [_whole(d)])]
        return spans, f"the first {1 - share:g} of the characters are trained on"
    limit = max(share * 2**64, min(d.digest for d in trained) + 1)
    spans = [
        _whole(d, "validation" if d.split != "test" and d.digest < limit else d.split or "train")
        for d in documents
    ]
    return spans, f"documents whose hash falls in the lowest {share:g} are held out"


def choose_spans(documents: Sequence[Document], split: str, share: float) -> list[Span]:
    """Return the spans of a corpus that belong to a split; "all" is every document, whole.

    Args:
        documents: in the corpus's order.
        split: "all", or one of `SPLITS`.
        share: as for `assign_splits`.

    Raises:
        UsageError: no such split, or nothing is in it.
    """
    if split == "all":
        return [_whole(document) for document in documents]
    if split not in SPLITS:
        raise UsageError(f"split is {split!r}; it must be one of all, {', '.join(SPLITS)}")
    spans = [span for span in assign_splits(documents, share)[0] if span.split == split]
    if not spans:
        raise UsageError(f"the {split} split of this corpus is empty; choose another --split")
    return spans


def _whole(document: Document, split: str | None = None) -> Span:
    """Give a whole document to a split."""
    return Span(document, split or document.split or "train", 0, document.characters)


def _cut(document: Document, share: float) -> list[Span]:
    """Cut a document into its first part, trained on, and its last, held out."""
    at = int((1 - share) * document.characters)
    return [
        Span(document, "train", 0, at),
        Span(document, "validation", at, document.characters),
    ]
