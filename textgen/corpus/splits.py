"""Splits: the texts of a corpus for training, validation and testing."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textgen.config.corpus import SPLITS
from textgen.corpus.collect import Documents
from textgen.corpus.spool import hash_keys
from textgen.errors import UsageError, by_setting

TRAIN, HELD_OUT, TEST = range(3)
# Part of every token store's key. Raise it with each change of the text that a split holds.
SPLITS_VERSION = 1


class Span(NamedTuple):
    """The split of a piece of text, and the number of its label (0 is no label)."""

    split: str
    label: int


@dataclass(frozen=True)
class Survey:
    """The facts that decide the splits; a few bytes for each document.

    Attributes:
        named: the index in `SPLITS` of the split that the name of its file or dataset assigns
            each document to, or -1; int8, of shape (documents,).
        digests: 64 bits of the SHA-256 of each clean text; uint64, of shape (documents,).
        last_trained: characters of the last document that may be used for training.
    """

    named: NDArray[np.int8]
    digests: NDArray[np.uint64]
    last_trained: int = 0


@dataclass(frozen=True)
class Cut:
    """The split of each span of a corpus.

    A span is a document, or one half of the document that is divided.

    Attributes:
        spans: the index in `SPLITS` of the split of each span; int8, of shape (spans,).
        divided: the number of the divided document and the character of the cut, if there is one.
        rule: the rule in words.
    """

    spans: NDArray[np.int8]
    divided: tuple[int, int] | None
    rule: str


def survey(documents: Documents) -> Survey:
    """Gather the facts about the documents of a corpus."""
    splits = [file.split for file in documents.source.files]
    of_file = np.array([-1 if s is None else SPLITS.index(s) for s in splits], np.int8)
    most, count, last_trained = len(documents.spool), 0, 0
    named, digests = np.empty(most, np.int8), np.empty(most, np.uint64)
    for records in documents.records():
        here = slice(count, count + len(records))
        named[here], digests[here] = of_file[records["file"]], hash_keys(records)
        trained = np.flatnonzero(named[here] <= TRAIN)
        if len(trained):
            last_trained = int(records["characters"][trained[-1]])
        count += len(records)
    return Survey(named[:count], digests[:count], last_trained)


def assign_splits(facts: Survey, validation: float | str) -> Cut:
    """Assign every character of a corpus to a split.

    Files and datasets named for splits keep them. If none is named for validation, the hash of its
    text decides for each document. So equal documents fall into one split, and adding documents
    moves no other. If no hash falls into the share, the document with the smallest is held out. If
    all do, the one with the largest is not. A single document is cut after its first
    `int((1 - share) * characters)` characters (as nanoGPT does).

    Args:
        facts: about the corpus.
        validation: the share to hold out, above 0 and below 1, or the name of the text held out.
    """
    named = np.maximum(facts.named, TRAIN)
    if isinstance(validation, str):
        return Cut(named, None, f"held out is {validation}")
    if (named == HELD_OUT).any():
        return Cut(named, None, "files and sets named for their splits")
    if np.count_nonzero(named == TRAIN) == 1:
        only = int(np.argmax(named == TRAIN))
        at = min(int((1 - validation) * facts.last_trained), max(facts.last_trained - 1, 0))
        rule = f"the first {1 - validation:g} of the characters are trained on"
        return Cut(np.insert(named, only + 1, HELD_OUT), (only, at), rule)
    named[_held_out(facts.digests, named == TRAIN, validation)] = HELD_OUT
    rule = f"documents whose hash falls in the lowest {validation:g} are held out"
    return Cut(named, None, rule)


def _held_out(
    digests: NDArray[np.uint64], trained: NDArray[np.bool_], share: float
) -> NDArray[np.bool_]:
    """Return which training documents are held out: some, if possible, and never all.

    Args:
        digests: of shape (documents,).
        trained: whether each document is for training, of shape (documents,); is changed.
        share: to hold out.
    """
    largest = np.uint64(2**64 - 1)
    low = digests.min(where=trained, initial=largest)
    high = digests.max(where=trained, initial=np.uint64(0))
    limit = np.uint64(min(int(share * 2**64), int(largest)))
    below = digests == low if limit <= low < high else digests < min(limit, high)
    trained &= below
    return trained


def choose_split(facts: Survey, split: str, validation: float | str) -> tuple[Cut, str]:
    """Return a cut, and the name of the split in it that a person chose.

    Args:
        facts: about the corpus.
        split: "all" for every document, whole and once, or one of `SPLITS`.
        validation: as for `assign_splits`.

    Raises:
        UsageError: no such split, or it is empty.
    """
    if split == "all":
        whole = np.full_like(facts.named, HELD_OUT)  # held-out text comes once
        return Cut(whole, None, "all of it"), SPLITS[HELD_OUT]
    if split not in SPLITS:
        raise UsageError(f"split is {split!r}; it must be one of all, {', '.join(SPLITS)}")
    cut = assign_splits(facts, validation)
    if not (cut.spans == SPLITS.index(split)).any():
        raise UsageError(
            f"the {split} split of this corpus is empty; choose another {by_setting('{}', 'split')}"
        )
    return cut, split


def read_spans(documents: Documents, cut: Cut) -> Iterator[tuple[Span, str | None]]:
    """Yield the pieces of a corpus with their spans; `None` ends a span.

    Documents of a source with a weight above 1 are repeated after all others. A fractional weight
    keeps that share of documents, chosen by hash. Held-out text comes once.
    """
    weights = np.array([file.origin.weight for file in documents.source.files])
    for turn in range(int(np.ceil(weights.max()))):
        number = span = 0
        for records in documents.records():
            times = _times(weights[records["file"]], records["digest"]).tolist()
            names = ("start", "stop", "label")
            fields = zip(*(records[name].tolist() for name in names), times, strict=True)
            for start, stop, label, repeats in fields:
                ends = [cut.divided[1]] if cut.divided and cut.divided[0] == number else []
                for piece in _divided(documents.spool.pieces(start, stop), ends):
                    split = SPLITS[cut.spans[span]]
                    if turn < (repeats if split == SPLITS[TRAIN] else 1):
                        yield Span(split, label), piece
                    span += piece is None
                number += 1


def _times(weights: NDArray[np.float64], digests: NDArray[Any]) -> NDArray[np.int64]:
    """Return the repeats of each document: its weight, whose fraction its hash decides."""
    uniform = np.frombuffer(digests.tobytes(), ">u8")[1::2] / 2.0**64
    whole = np.floor(weights)
    return (whole + (uniform < weights - whole)).astype(np.int64)


def _divided(pieces: Iterator[str], ends: list[int]) -> Iterator[str | None]:
    """Yield the pieces of a document, and `None` at its end and at each cut."""
    position = 0
    for piece in pieces:
        start = 0
        for end in ends:
            here = end - position
            if start <= here < len(piece):
                yield piece[start:here]
                yield None
                start = here
        yield piece[start:]
        position += len(piece)
    yield None
