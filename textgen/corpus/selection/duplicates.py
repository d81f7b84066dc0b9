"""Detection of duplicates: exact copies and near copies."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.corpus.selection.words import FACTOR, find_words, hash_windows, hash_words
from textgen.errors import NotInstalled

SHINGLE = 5  # consecutive words that are compared as one
COMPARED_CHARACTERS = 1 << 20  # of a document
SLOTS = 128  # minima in a signature; the estimate's standard deviation is at most 0.045
FOUND = 0.99  # share of pairs of just the required similarity that become candidates
ROUNDS = 16  # the most documents that those of one bucket are compared with
BATCH = 1 << 13  # shingles, thus documents at most, that are sketched at a time
PAIRS = 1 << 14  # that are compared at a time


def first_copies(keys: NDArray[Any]) -> NDArray[np.int64]:
    """Return the index of the first document with an equal key, for each document.

    Args:
        keys: digests of the texts, or other values that can be sorted, of shape (documents,).

    Returns:
        int64, of shape (documents,).
    """
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    return first[group]


def near_copies(texts: Iterable[str], similarity: float) -> NDArray[np.int64]:
    """Return the index of the first document among the near copies of each document.

    Documents are near copies if the Jaccard similarity of their sets of shingles (five consecutive
    words), estimated by MinHash (Broder 1997), is large enough. The relation is transitive. A
    document of fewer words has a single shingle, its own text. Candidates agree in a band of their
    signatures (locality-sensitive hashing; Leskovec, Rajaraman and Ullman, "Mining of Massive
    Datasets", section 3.4). Exact copies are always found. Near copies may be missed where hundreds
    of different documents have much of their text in common.

    Needs 256 bytes for each document, 16 bits of each minimum (Li and König 2010). The result is
    the same in every process.

    Args:
        texts: of the documents; the first 2**20 characters of each count.
        similarity: the smallest Jaccard similarity of near copies, above 0 and at most 1.

    Returns:
        int64, of shape (documents,); a document without earlier copies has its own index.

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
    """Return the MinHash signatures of texts, of shape (documents, `SLOTS`)."""
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
    """Return the hashes of all shingles, or of the whole text if it has fewer words."""
    words = find_words(text[:COMPARED_CHARACTERS])
    if len(words) < SHINGLE:
        return hash_words([text])
    return hash_windows(hash_words(words), SHINGLE)


def _bands(similarity: float) -> Iterator[slice]:
    """Yield the slots of each band: first all, for exact copies, then as few as necessary."""
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
    """Return a hash of each row of a band, of shape (documents,)."""
    keys = np.zeros(len(band), np.uint64)
    for column in band.T:
        keys *= FACTOR
        keys += column
    return keys


def _estimates(
    signatures: NDArray[np.uint16], left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the share of equal slots of each pair of documents."""
    estimates = np.empty(len(left))
    for start in range(0, len(left), PAIRS):
        pairs = slice(start, start + PAIRS)
        estimates[pairs] = (signatures[left[pairs]] == signatures[right[pairs]]).mean(axis=1)
    return estimates


def _join(copies: NDArray[np.int64], left: NDArray[np.int64], right: NDArray[np.int64]) -> None:
    """Merge the groups of each pair in place; the first document represents its group."""
    while (copies[left] != copies[right]).any():
        one, other = copies[left], copies[right]
        np.minimum.at(copies, np.maximum(one, other), np.minimum(one, other))
        while (copies != copies[copies]).any():
            copies[:] = copies[copies]
