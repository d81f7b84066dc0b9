"""Texts to be evaluated on, recognised again in texts to train on."""

import sys
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from textgen.corpus.selection.words import hash_windows, hash_words, read_words

RUN = 13  # words in a row (Brown et al. 2020, "Language Models are Few-Shot Learners", appendix C)
STRETCH = 1 << 14  # words that are compared at a time
FILTER_BITS = 24  # of a hash, so the filter has 2**24 places of a byte
NO_WORD = ""  # fills up a document that is shorter than a run
END = "\n"  # stands between documents; neither is ever a word


class EvaluationTexts:
    """Finds documents that share words with texts to be evaluated on.

    Two documents share words if 13 in a row are the same in both, or if they have fewer and the
    same ones. Case and all that is no word do not count (`selection.words`). A hash finds them,
    and the words themselves confirm it. Takes some 60 bytes for each word, and 16 MB.

    Args:
        documents: to be evaluated on, each in pieces that may be cut anywhere.
    """

    def __init__(self, documents: Iterable[Iterable[str]]) -> None:
        self._words = [END] * RUN  # so that there is a run, even of no documents
        for document in documents:
            for stretch in _stretches(document):
                self._words += map(sys.intern, stretch)
                self._words.append(END)
        hashes = hash_windows(hash_words(self._words), RUN)
        self._hashes, self._starts = np.unique(hashes, return_index=True)
        # Says at once of nearly all runs that they are not there (Bloom 1970, with one hash).
        self._filter = np.zeros(1 << FILTER_BITS, np.bool_)
        self._filter[_head(self._hashes)] = True

    def shared(self, pieces: Iterable[str]) -> str | None:
        """Return the first words that a document shares with these texts, or None.

        Args:
            pieces: the document, cut anywhere; no more is read than is needed.
        """
        return next(filter(None, map(self._first_run, _stretches(pieces))), None)

    def _first_run(self, words: list[str]) -> str | None:
        """Return the first shared run among words."""
        hashes = hash_windows(hash_words(words), RUN)
        found = np.flatnonzero(self._filter[_head(hashes)])
        # A hash above all others gets the place of the last.
        places = np.searchsorted(self._hashes[:-1], hashes[found])
        for at, start in zip(found, self._starts[places], strict=True):
            run = words[at : at + RUN]
            if self._words[start : start + RUN] == run:
                return " ".join(run).rstrip()
        return None


def _head(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the first bits of hashes, as places in the filter."""
    return hashes >> np.uint64(64 - FILTER_BITS)


def _stretches(pieces: Iterable[str]) -> Iterator[list[str]]:
    """Yield the words of a document in stretches such that each run is whole in one of them.

    A document that is shorter than a run is filled up to one; one without words has no stretch.
    """
    words: list[str] = []
    for found in read_words(pieces):
        words += found
        if len(words) >= STRETCH:
            yield words
            words = words[-RUN:]
    if words:
        yield words + [NO_WORD] * (RUN - len(words))
