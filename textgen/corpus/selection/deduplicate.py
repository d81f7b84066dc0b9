"""Removal of duplicate documents; those that are held out by name stay."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from textgen.corpus.selection.duplicates import COMPARED_CHARACTERS, first_copies, near_copies
from textgen.corpus.source import Source
from textgen.corpus.spool import Spool, hash_keys
from textgen.corpus.statistics import SHOWN_CHARACTERS, CorpusStatistics
from textgen.progress import ProgressReporter

Numbers = NDArray[np.int64]  # of documents, of shape (documents,)


def remove_copies(
    source: Source, spool: Spool, statistics: CorpusStatistics, progress: ProgressReporter
) -> None:
    """Mark duplicates as removed, as the settings of the corpus say.

    Of a group of copies the first stays, or the first that is held out.

    Args:
        source: the corpus.
        spool: its documents.
        statistics: counts the documents left out.
        progress: receives the documents that were compared.
    """
    duplicates = source.config.duplicates
    if duplicates == "keep" or not len(spool):
        return
    numbers = _recurring(spool) if duplicates == "exact" else np.arange(len(spool))
    held_out = np.array([file.is_held_out for file in source.files])
    fixed = held_out[_column(spool, "file", numbers)]
    order = np.argsort(~fixed, kind="stable")  # held-out documents come first
    if duplicates == "exact":
        first = first_copies(_column(spool, "digest", numbers)[order])
    numbers, fixed = numbers[order], fixed[order]
    if duplicates == "near":
        first = near_copies(_compared(spool, numbers, progress), source.config.similarity)
    copies = np.flatnonzero((first != np.arange(len(first))) & ~fixed)
    for copy in copies.tolist():
        record, other = spool.record(numbers[copy]), spool.record(numbers[first[copy]])
        text = spool.beginning(record, 4 * SHOWN_CHARACTERS)
        why = f"{duplicates} copy of another document"
        statistics.leave_out(spool.where(record), why, text, of=spool.where(other))
    spool.remove(np.sort(numbers[copies]))


def _recurring(spool: Spool) -> Numbers:
    """Return the documents whose key occurs more than once, which alone can be copies."""
    keys = np.empty(len(spool), np.uint64)
    count = 0
    for records in spool.records():
        keys[count : count + len(records)] = hash_keys(records)
        count += len(records)
    keys.sort()
    several = np.unique(keys[1:][keys[1:] == keys[:-1]])
    del keys
    numbers, count = [], 0
    for records in spool.records():
        numbers.append(np.flatnonzero(np.isin(hash_keys(records), several)) + count)
        count += len(records)
    return np.concatenate(numbers)


def _column(spool: Spool, name: str, numbers: Numbers) -> NDArray[np.generic]:
    """Return a field of the records of some documents.

    Args:
        spool: the documents.
        name: of the field.
        numbers: of the documents, ascending.
    """
    column, count = [], 0
    for records in spool.records():
        low, high = np.searchsorted(numbers, [count, count + len(records)])
        column.append(records[name][numbers[low:high] - count])
        count += len(records)
    return np.concatenate(column)


def _compared(spool: Spool, numbers: Numbers, progress: ProgressReporter) -> Iterator[str]:
    """Yield the beginning of each document, which is compared."""
    for number in numbers:
        progress.advance("comparing", 1, len(numbers))
        yield spool.beginning(spool.record(number), COMPARED_CHARACTERS)
