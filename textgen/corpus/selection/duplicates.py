"""Documents that come again, word for word or nearly."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.corpus.selection.words import FACTOR, find_words, hash_windows, hash_words
from textgen.errors import NotInstalled

SHINGLE = 5  # words in a row that are compared as one
COMPARED_CHARACTERS = 1 << 20  # characters of a document that are looked at
SLOTS = 128  # minima in a signature; the estimate's standard deviation is at most 0.045
FOUND = 0.99  # share of pairs just as similar as asked for that become candidates
ROUNDS = 16  # documents that those of one bucket are compared with, at most
BATCH = 1 << 13  # shingles, thus documents at most, that are sketched at a time
PAIRS = 1 << 14  # that are compared at a time


def first_copies(keys: NDArray[Any]) -> NDArray[np.int64]:
    """Return for each document the index of the first one with an equal key, maybe its own.

    Args:
        keys: digests of the texts, or anything that can be sorted, in shape (documents,).

    Returns:
        Shape (documents,).
    """
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    return first[group]


def near_copies(texts: Iterable[str], similarity: float) -> NDArray[np.int64]:
    """Return for each document the index of the first one among its near copies, maybe its own.

    Documents are near copies if the Jaccard similarity of their sets of five words in a row, as
    MinHash estimates it (Broder 1997), is large enough, and so are near copies of these. A document
    of fewer words has one member in its set, its own text. Candidates are those that agree in a
    band of the signatures (locality-sensitive hashing; Leskovec, Rajaraman and Ullman, "Mining of
    Massive Datasets", section 3.4). Exact copies are always found; near ones may be missed where
    hundreds of unlike documents have much of their text in common.

    Keeps 256 bytes of each document, sixteen bits of each minimum (Li and König 2010). The result
    is the same in every process.

    Args:
        texts: of the documents; of a long one, the first 2**20 characters count.
        similarity: the smallest Jaccard similarity of near copies, above 0 and at most 1.

    Returns:
        Shape (documents,).

    Raises:
        NotInstalled: the library that computes signatures is not installed.
    """
    signatures = _signatures(texts)
    copies = np.arange(len(signatures))
    for band in _bands(similarity):
        keys = _keys(signatures[:, band])
        documents = np.arange(len(signatures))
        for _ in range(ROUNDS):
            heads = documents[first_copies(keys[documents])]
            apart = copies[documents] != copies[heads]
            documents, heads = documents[apart], heads[apart]
            alike = _estimates(signatures, documents, heads) >= similarity
            _join(copies, documents[alike], heads[alike])
            documents = documents[~alike]
    return copies


def _signatures(texts: Iterable[str]) -> NDArray[np.uint16]:
    """Return the MinHash signatures of texts, in shape (documents, `SLOTS`)."""
    try:
        from rensa import RMinHash
    except ImportError:
        raise NotInstalled("finding near copies", "rensa", "corpora") from None
    packed = bytearray()
    for batch in _batches(map(_shingles, texts)):
        ends = np.cumsum([0, *map(len, batch)], dtype=np.uint64)
        sketch = RMinHash.digest_matrix_from_flat_token_hashes(
            np.concatenate(batch), ends, num_perm=SLOTS, seed=1
        )
        packed += np.array(sketch.to_rows(), np.uint32).astype(np.uint16).tobytes()
    return np.frombuffer(packed, np.uint16).reshape(-1, SLOTS)


def _batches(rows: Iterable[NDArray[np.uint64]]) -> Iterator[list[NDArray[np.uint64]]]:
    """Yield the shingles of documents, several documents at a time."""
    batch: list[NDArray[np.uint64]] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += row.size
        if size >= BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _shingles(text: str) -> NDArray[np.uint64]:
    """Return hashes of each five words in a row, or of the whole text if it has fewer."""
    words = find_words(text[:COMPARED_CHARACTERS])
    if len(words) < SHINGLE:
        return hash_words([text])
    return hash_windows(hash_words(words), SHINGLE)


def _bands(similarity: float) -> Iterator[slice]:
    """Yield the slots of each band: first all of them, for exact copies, then as few as needed."""
    wide = (
        rows
        for rows in range(SLOTS, 1, -1)
        if 1 - (1 - similarity**rows) ** (SLOTS // rows) >= FOUND
    )
    rows = next(wide, 1)
    yield slice(SLOTS)
    for start in range(0, SLOTS - rows + 1, rows):
        yield slice(start, start + rows)


def _keys(band: NDArray[np.uint16]) -> NDArray[np.uint64]:
    """Return a hash of each row of a band, in shape (documents,)."""
    keys = np.zeros(len(band), np.uint64)
    for column in band.T:
        keys *= FACTOR
        keys += column
    return keys


def _estimates(
    signatures: NDArray[np.uint16], left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the share of slots in which each document on the left equals that on the right."""
    estimates = np.empty(len(left))
    for start in range(0, len(left), PAIRS):
        pairs = slice(start, start + PAIRS)
        estimates[pairs] = (signatures[left[pairs]] == signatures[right[pairs]]).mean(axis=1)
    return estimates


def _join(copies: NDArray[np.int64], left: NDArray[np.int64], right: NDArray[np.int64]) -> None:
    """Make the groups of each pair one, in place; the first document stands for its group."""
    while (copies[left] != copies[right]).any():
        one, other = copies[left], copies[right]
        np.minimum.at(copies, np.maximum(one, other), np.minimum(one, other))
        while (copies != copies[copies]).any():
            copies[:] = copies[copies]
