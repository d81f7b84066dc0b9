"""Decontamination: detection of evaluation texts in documents for training."""

import sys
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from textgen.corpus.selection.words import hash_windows, hash_words, read_words

RUN = (
    13  # consecutive words (Brown et al. 2020, "Language Models are Few-Shot Learners", appendix C)
)
STRETCH = 1 << 14  # words that are compared at a time
FILTER_BITS = 24  # of a hash; the filter has 2**24 entries of a byte
NO_WORD = ""  # pads a document that is shorter than a run
END = "\n"  # separates documents; neither is ever a word


class EvaluationTexts:
    """Finds documents that share words with evaluation texts.

    Two documents share words if 13 consecutive words are the same in both, or if they are shorter
    and have the same words. Case, and characters that belong to no word, do not count
    (`selection.words`). A hash finds candidates, and their words confirm them. Takes some 60 bytes
    for each word, and 16 MB.

    Args:
        documents: the evaluation texts, each in pieces that may be cut anywhere.
    """

    def __init__(self, documents: Iterable[Iterable[str]]) -> None:
        self._words = [END] * RUN  # so that there is a run even without documents
        for document in documents:
            for stretch in _stretches(document):
                self._words += map(sys.intern, stretch)
                self._words.append(END)
        hashes = hash_windows(hash_words(self._words), RUN)
        self._hashes, self._starts = np.unique(hashes, return_index=True)
        # Rules out nearly all runs at once (Bloom 1970, with one hash).
        self._filter = np.zeros(1 << FILTER_BITS, np.bool_)
        self._filter[_head(self._hashes)] = True

    def shared(self, pieces: Iterable[str]) -> str | None:
        """Return the first words that a document shares with the texts, or None.

        Args:
            pieces: the document, cut anywhere; it is read no further than necessary.
        """
        return next(filter(None, map(self._first_run, _stretches(pieces))), None)

    def _first_run(self, words: list[str]) -> str | None:
        """Return the first shared run among words."""
        hashes = hash_windows(hash_words(words), RUN)
        candidates = np.flatnonzero(self._filter[_head(hashes)])
        # A hash above all others gets the index of the last.
        indices = np.searchsorted(self._hashes[:-1], hashes[candidates])
        for at, start in zip(candidates, self._starts[indices], strict=True):
            run = words[at : at + RUN]
            if self._words[start : start + RUN] == run:
                return " ".join(run).rstrip()
        return None


def _head(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the first bits of hashes, which are indices in the filter."""
    return hashes >> np.uint64(64 - FILTER_BITS)


def _stretches(pieces: Iterable[str]) -> Iterator[list[str]]:
    """Yield the words of a document in stretches, such that each run is whole in one of them.

    A document shorter than a run is padded; one without words has no stretch.
    """
    words: list[str] = []
    for more in read_words(pieces):
        words += more
        if len(words) >= STRETCH:
            yield words
            words = words[-RUN:]
    if words:
        yield words + [NO_WORD] * (RUN - len(words))
