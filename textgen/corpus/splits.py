"""Which part of a corpus is trained on and which is held out."""

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
    """What a piece of text belongs to: its split, and the number of its label (0 is none)."""

    split: str
    label: int


@dataclass(frozen=True)
class Survey:
    """What decides how a corpus is cut; a few bytes for each document.

    Attributes:
        named: for each document, the index in `SPLITS` of the split that its file's or set's
            name puts it in, or -1; int8, of shape (documents,).
        digests: for each document, 64 bits of the SHA-256 of its clean text; of the same shape.
        last_trained: characters of the last document that may be trained on.
    """

    named: NDArray[np.int8]
    digests: NDArray[np.uint64]
    last_trained: int = 0


@dataclass(frozen=True)
class Cut:
    """What goes where.

    Attributes:
        spans: for each span, the index in `SPLITS` of its split, of shape (spans,). A span is a
            document, or one of the two parts of the document that is divided.
        divided: the document that is divided, if any, and the character at which.
        rule: the same in words.
    """

    spans: NDArray[np.int8]
    divided: tuple[int, int] | None
    rule: str


def survey(documents: Documents) -> Survey:
    """Look through the documents of a corpus."""
    splits = [part.split for part in documents.source.parts]
    of_part = np.array([-1 if s is None else SPLITS.index(s) for s in splits], np.int8)
    most, count, last_trained = len(documents.spool), 0, 0
    named, digests = np.empty(most, np.int8), np.empty(most, np.uint64)
    for records in documents.kept():
        here = slice(count, count + len(records))
        named[here], digests[here] = of_part[records["part"]], hash_keys(records)
        trained = np.flatnonzero(named[here] <= TRAIN)
        if len(trained):
            last_trained = int(records["characters"][trained[-1]])
        count += len(records)
    return Survey(named[:count], digests[:count], last_trained)


def assign_splits(found: Survey, validation: float | str) -> Cut:
    """Give every character of a corpus to a split.

    Files and sets named for splits keep them. What is left to cut for validation is cut by the
    hash of each document's text (so equal documents fall on one side, and adding documents moves
    none; where no hash falls in the share, the document with the smallest does, and where all do,
    not the one with the largest), or, if there is but one document, after its first
    `int((1 - share) * characters)` characters (nanoGPT's cut).

    Args:
        found: of the corpus.
        validation: the share that is held out, above 0 and below 1, or what has been named for it.
    """
    named = np.maximum(found.named, TRAIN)
    if isinstance(validation, str):
        return Cut(named, None, f"held out is {validation}")
    if (named == HELD_OUT).any():
        return Cut(named, None, "files and sets named for their splits")
    if np.count_nonzero(named == TRAIN) == 1:
        only = int(np.argmax(named == TRAIN))
        at = min(int((1 - validation) * found.last_trained), max(found.last_trained - 1, 0))
        rule = f"the first {1 - validation:g} of the characters are trained on"
        return Cut(np.insert(named, only + 1, HELD_OUT), (only, at), rule)
    named[_held_out(found.digests, named == TRAIN, validation)] = HELD_OUT
    rule = f"documents whose hash falls in the lowest {validation:g} are held out"
    return Cut(named, None, rule)


def _held_out(
    digests: NDArray[np.uint64], trained: NDArray[np.bool_], share: float
) -> NDArray[np.bool_]:
    """Tell which documents of those to be trained on are held out: some, if any can be, not all."""
    largest = np.uint64(2**64 - 1)
    low = digests.min(where=trained, initial=largest)
    high = digests.max(where=trained, initial=np.uint64(0))
    limit = np.uint64(min(int(share * 2**64), int(largest)))
    below = digests == low if limit <= low < high else digests < min(limit, high)
    trained &= below
    return trained


def choose_split(found: Survey, split: str, validation: float | str) -> tuple[Cut, str]:
    """Return a cut, and the split of it that a person means.

    Args:
        found: of the corpus.
        split: "all", which takes every document whole and once, or one of `SPLITS`.
        validation: as for `assign_splits`.

    Raises:
        UsageError: no such split, or nothing is in it.
    """
    if split == "all":
        whole = np.full_like(found.named, HELD_OUT)  # what is held out comes once
        return Cut(whole, None, "all of it"), SPLITS[HELD_OUT]
    if split not in SPLITS:
        raise UsageError(f"split is {split!r}; it must be one of all, {', '.join(SPLITS)}")
    cut = assign_splits(found, validation)
    if not (cut.spans == SPLITS.index(split)).any():
        raise UsageError(
            f"the {split} split of this corpus is empty; choose another {by_setting('{}', 'split')}"
        )
    return cut, split


def read_spans(documents: Documents, cut: Cut) -> Iterator[tuple[Span, str | None]]:
    """Yield the pieces of a corpus, each with what it belongs to; `None` ends a span.

    Documents whose source has a weight above 1 come again, after all have come once; of one with
    a fraction, so many come, chosen by their hash. What is held out comes once.
    """
    weights = np.array([part.origin.weight for part in documents.source.parts])
    for turn in range(int(np.ceil(weights.max()))):
        number = span = 0
        for records in documents.kept():
            times = _times(weights[records["part"]], records["digest"]).tolist()
            names = ("start", "stop", "label")
            places = zip(*(records[name].tolist() for name in names), times, strict=True)
            for start, stop, label, wanted in places:
                ends = [cut.divided[1]] if cut.divided and cut.divided[0] == number else []
                for piece in _divided(documents.spool.pieces(start, stop), ends):
                    split = SPLITS[cut.spans[span]]
                    if turn < (wanted if split == SPLITS[TRAIN] else 1):
                        yield Span(split, label), piece
                    span += piece is None
                number += 1


def _times(weights: NDArray[np.float64], digests: NDArray[Any]) -> NDArray[np.int64]:
    """Return how often each document comes: its weight, the fraction decided by its hash."""
    chance = np.frombuffer(digests.tobytes(), ">u8")[1::2] / 2.0**64
    whole = np.floor(weights)
    return (whole + (chance < weights - whole)).astype(np.int64)


def _divided(pieces: Iterator[str], ends: list[int]) -> Iterator[str | None]:
    """Yield a document's pieces and its end; it ends early at some characters, and goes on."""
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
