"""Counts over the ids of a split, which may exceed memory and are scanned in chunks.

Ids have the shape (tokens,): documents, each closed by `<eos>`.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.config.tokens import EOS_ID

CHUNK = 1 << 22  # tokens in memory at a time
Ids = NDArray[np.unsignedinteger[Any]]
Counts = NDArray[np.int64]


def count_types(ids: Ids, vocab_size: int) -> Counts:
    """Return the occurrences of each id, of shape (vocab_size,)."""
    total = np.zeros(vocab_size, np.int64)
    for begin in range(0, len(ids), CHUNK):
        total += np.bincount(ids[begin : begin + CHUNK], minlength=vocab_size)
    return total


def count_lengths(ids: Ids) -> Counter[int]:
    """Return the number of documents of each length, in tokens with `<eos>`.

    There are few different lengths: n of them need at least n²/2 tokens.
    """
    counts: Counter[int] = Counter()
    for bounds in _bounds(ids):
        lengths, documents = np.unique(np.diff(bounds), return_counts=True)
        counts.update(dict(zip(lengths.tolist(), documents.tolist(), strict=True)))
    return counts


def find_documents(ids: Ids, numbers: Counts) -> Iterator[tuple[int, int]]:
    """Yield the positions of the beginning and of the `<eos>` of some documents.

    Args:
        ids: of a split.
        numbers: of the documents, counted from 0, ascending.
    """
    before = 0  # documents that ended in earlier chunks
    for bounds in _bounds(ids):
        here = numbers[(numbers >= before) & (numbers < before + len(bounds) - 1)] - before
        yield from zip(bounds[here].tolist(), (bounds[here + 1] - 1).tolist(), strict=True)
        before += len(bounds) - 1


def _bounds(ids: Ids) -> Iterator[Counts]:
    """Yield for each chunk the borders of the documents that end in it.

    For n documents these are n + 1 positions: each document begins at the end of the previous one.
    """
    last = 0
    for begin in range(0, len(ids), CHUNK):
        ends = np.flatnonzero(ids[begin : begin + CHUNK] == EOS_ID) + begin + 1
        yield np.concatenate(([last], ends))
        last = int(ends[-1]) if len(ends) else last
