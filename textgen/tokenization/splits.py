"""Which part of a corpus is trained on and which is held out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.config.corpus import SPLITS
from textgen.corpus.collect import Documents
from textgen.errors import UsageError

TRAIN, HELD_OUT, TEST = range(3)


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
    named, digests, last_trained = [], [], 0
    for records in documents.kept():
        named.append(of_part[records["part"]])
        digests.append(np.frombuffer(records["digest"].tobytes(), ">u8")[::2].astype(np.uint64))
        trained = np.flatnonzero(named[-1] <= TRAIN)
        if len(trained):
            last_trained = int(records["characters"][trained[-1]])
    return Survey(np.concatenate(named), np.concatenate(digests), last_trained)


def assign_splits(found: Survey, validation: float | str) -> Cut:
    """Give every character of a corpus to a split.

    Files and sets named for splits keep them. What is left to cut for validation is cut by the
    hash of each document's text (so equal documents fall on one side, and adding documents moves
    none; where no hash falls in the share, the document with the smallest does), or, if there is
    but one document, after its first `int((1 - share) * characters)` characters (nanoGPT's cut).

    Args:
        found: of the corpus.
        validation: the share that is held out, above 0 and below 1, or what has been named for it.
    """
    named = np.maximum(found.named, TRAIN)
    if isinstance(validation, str):
        return Cut(named, None, f"held out is {validation}")
    if (named == HELD_OUT).any():
        return Cut(named, None, "files and sets named for their splits")
    trained = np.flatnonzero(named == TRAIN)
    if len(trained) == 1:
        at = min(int((1 - validation) * found.last_trained), max(found.last_trained - 1, 0))
        spans = np.insert(named, trained[0] + 1, HELD_OUT)
        rule = f"the first {1 - validation:g} of the characters are trained on"
        return Cut(spans, (int(trained[0]), at), rule)
    limit = np.uint64(min(int(validation * 2**64), 2**64 - 1))
    below = found.digests < limit
    if len(trained) and not below[trained].any():
        below = found.digests == found.digests[trained].min()
    spans = np.where((named == TRAIN) & below, np.int8(HELD_OUT), named)
    rule = f"documents whose hash falls in the lowest {validation:g} are held out"
    return Cut(spans, None, rule)


def choose_split(found: Survey, split: str, validation: float | str) -> tuple[Cut, str]:
    """Return a cut, and the split of it that a person means.

    Args:
        found: of the corpus.
        split: "all", which takes every document whole, or one of `SPLITS`.
        validation: as for `assign_splits`.

    Raises:
        UsageError: no such split, or nothing is in it.
    """
    if split == "all":
        return Cut(np.zeros_like(found.named), None, "all of it"), SPLITS[TRAIN]
    if split not in SPLITS:
        raise UsageError(f"split is {split!r}; it must be one of all, {', '.join(SPLITS)}")
    cut = assign_splits(found, validation)
    if not (cut.spans == SPLITS.index(split)).any():
        raise UsageError(f"the {split} split of this corpus is empty; choose another --split")
    return cut, split


def read_spans(documents: Documents, cut: Cut) -> Iterator[tuple[str, str | None]]:
    """Yield the pieces of a corpus, each with its split; `None` ends a span.

    Documents whose source has a weight above 1 come again, after all have come once; of one with
    a fraction, so many come, chosen by their hash. What is held out comes once.
    """
    weights = np.array([part.origin.weight for part in documents.source.parts])
    for turn in range(int(np.ceil(weights.max()))):
        number = span = 0
        for records in documents.kept():
            times = _times(weights[records["part"]], records["digest"]).tolist()
            places = zip(records["start"].tolist(), records["stop"].tolist(), times, strict=True)
            for start, stop, wanted in places:
                ends = [cut.divided[1]] if cut.divided and cut.divided[0] == number else []
                for piece in _divided(documents.spool.pieces(start, stop), ends):
                    split = SPLITS[cut.spans[span]]
                    if turn < (wanted if split == SPLITS[TRAIN] else 1):
                        yield split, piece
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
