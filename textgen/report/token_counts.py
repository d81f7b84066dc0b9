"""Counts over the ids of a split, which may be many more than fit into memory.

Ids are of shape (tokens,): documents, each closed by `<eos>`. They are looked at in chunks.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.config.tokens import EOS_ID

CHUNK = 1 << 22  # tokens looked at at a time
Ids = NDArray[np.unsignedinteger[Any]]
Counts = NDArray[np.int64]


def count_types(ids: Ids, vocab_size: int) -> Counts:
    """Return how often each id occurs, of shape (vocab_size,)."""
    total = np.zeros(vocab_size, np.int64)
    for begin in range(0, len(ids), CHUNK):
        total += np.bincount(ids[begin : begin + CHUNK], minlength=vocab_size)
    return total


def count_lengths(ids: Ids) -> Counter[int]:
    """Return how many documents have each length, in tokens with `<eos>`.

    There are few different ones: n lengths take n²/2 tokens at least.
    """
    counts: Counter[int] = Counter()
    for bounds in _bounds(ids):
        lengths, documents = np.unique(np.diff(bounds), return_counts=True)
        counts.update(dict(zip(lengths.tolist(), documents.tolist(), strict=True)))
    return counts


def find_documents(ids: Ids, wanted: Counts) -> Iterator[tuple[int, int]]:
    """Yield where some documents begin and where their `<eos>` is.

    Args:
        ids: of a split.
        wanted: numbers of documents, counted from 0, ascending.
    """
    before = 0  # documents that ended in earlier chunks
    for bounds in _bounds(ids):
        here = wanted[(wanted >= before) & (wanted < before + len(bounds) - 1)] - before
        yield from zip(bounds[here].tolist(), (bounds[here + 1] - 1).tolist(), strict=True)
        before += len(bounds) - 1


def _bounds(ids: Ids) -> Iterator[Counts]:
    """Yield, chunk after chunk, where the documents that end in it begin, and the last one's end.

    Of n documents, n + 1 positions: each begins where the one before it ends.
    """
    last = 0
    for begin in range(0, len(ids), CHUNK):
        ends = np.flatnonzero(ids[begin : begin + CHUNK] == EOS_ID) + begin + 1
        yield np.concatenate(([last], ends))
        last = int(ends[-1]) if len(ends) else last
