"""From a source to its clean documents: reads it once, and leaves out what is not wanted."""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from textgen.config.corpus import DocumentRule
from textgen.corpus.corpus_file import CorpusFile, LocalFile, Origin, file_part
from textgen.corpus.documents import End, read_documents
from textgen.corpus.selection.decontamination import EvaluationTexts
from textgen.corpus.selection.deduplicate import remove_copies
from textgen.corpus.selection.filters import DocumentFilter
from textgen.corpus.source import Source
from textgen.corpus.spool import Spool
from textgen.corpus.statistics import SHOWN_CHARACTERS, CorpusStatistics
from textgen.errors import DataError
from textgen.progress import SILENT, ProgressReporter

PLAIN_FORMS = ("text", "csv", "tsv", "jsonl")  # whose size on disk says how long reading takes


class Documents:
    """The clean documents of a source, and what became of the others.

    Attributes:
        source: the corpus.
        spool: its documents; those marked as removed are not wanted.
        tally: what was changed and left out.
        labels: by number; the first is none.
        listing: a line of JSON for each document that was removed.
    """

    def __init__(self, source: Source, spool: Spool, listing: IO[str]) -> None:
        self.source = source
        self.spool = spool
        self.listing = listing
        self.tally = CorpusStatistics(listing=listing)
        self.labels = {"": 0}

    @cached_property
    def characters(self) -> int:
        """Characters of all documents that are wanted."""
        return int(self.count("part")[1].sum())

    def kept(self) -> Iterator[NDArray[Any]]:
        """Yield the records of the documents that are wanted, many at a time."""
        for records in self.spool.records():
            yield records[~records["removed"]]

    def count(self, column: str) -> NDArray[np.int64]:
        """Return the documents and characters for each number of a column of the records.

        Args:
            column: "part" or "label".

        Returns:
            shape (2, numbers).
        """
        size = len(self.source.parts if column == "part" else self.labels)
        total = np.zeros((2, size), np.int64)
        for records in self.kept():
            numbers = records[column]
            total[0] += np.bincount(numbers, minlength=size)
            total[1] += np.bincount(numbers, records["characters"], size).astype(np.int64)
        return total


@contextmanager
def collect(source: Source, progress: ProgressReporter = SILENT) -> Iterator[Documents]:
    """Yield the documents of a source, for as long as the block lasts.

    Args:
        source: the corpus, and how it is read.
        progress: receives the bytes of clean text that were read.

    Raises:
        DataError: there is no text in it, or something cannot be read.
    """
    with ExitStack() as stack:
        # Files without a name: they vanish with the process, however it ends.
        texts = stack.enter_context(tempfile.TemporaryFile())
        records = stack.enter_context(tempfile.TemporaryFile())
        listing = stack.enter_context(  # in which a lone surrogate is written as JSON escapes it
            tempfile.TemporaryFile("w+", encoding="utf-8", errors="backslashreplace")
        )
        spool = Spool(texts, records)
        documents = Documents(source, spool, listing)
        _read(documents, progress)
        remove_copies(source, spool, documents.tally, progress)
        if not documents.characters:
            raise DataError(_empty(documents))
        yield documents


def _read(documents: Documents, progress: ProgressReporter) -> None:
    """Read all parts of a source."""
    source = documents.source
    total = _bytes_to_read(source)
    tests = _tests(source)
    for number, part in enumerate(source.parts):
        reader = _PartReader(documents, number, part, None if part.is_held_out else tests)
        for done in reader.read():
            progress.advance("reading", done, total)


class _PartReader:
    """Reads one part into the spool.

    Args:
        documents: what is made.
        number: of the part.
        part: what is read.
        tests: texts that must not be trained on.
    """

    def __init__(
        self, documents: Documents, number: int, part: CorpusFile, tests: EvaluationTexts | None
    ) -> None:
        self._documents = documents
        self._number = number
        self._part = part
        self._tests = tests
        self._filter = DocumentFilter(part.rule)
        self._digest = hashlib.sha256()
        self._characters = 0
        self._is_blank = True
        self._head = ""

    def read(self) -> Iterator[int]:
        """Read it; yield how many bytes of text have come since the last time."""
        spool = self._documents.spool
        for piece in read_documents(self._part, self._documents.tally):
            if isinstance(piece, End):
                self._end(piece)
                self._digest, self._characters = hashlib.sha256(), 0
                self._is_blank, self._head = True, ""
                continue
            data = piece.encode()
            self._digest.update(data)
            spool.write(data)
            self._characters += len(piece)
            self._is_blank = self._is_blank and not piece.strip()
            self._head = self._head or piece[:SHOWN_CHARACTERS]
            yield len(data)

    def _end(self, end: End) -> None:
        """Keep the document, or leave it out."""
        spool = self._documents.spool
        if why := self._why_not(end):
            spool.discard()
            self._documents.tally.leave_out(end.where, why, self._head)
            return
        labels = self._documents.labels
        spool.end(
            where=end.where,
            characters=self._characters,
            digest=self._digest.digest()[:16],
            part=self._number,
            label=labels.setdefault(end.label, len(labels)),
        )

    def _why_not(self, end: End) -> str | None:
        """Return why a document is not wanted, if it is not."""
        spool = self._documents.spool
        reason = self._filter.reason(
            self._characters,
            lambda: "".join(spool.begun()),
            end.where,
            is_blank=self._is_blank,
        )
        if reason or self._tests is None:
            return reason
        shared = self._tests.shared(spool.begun())
        return f"shares words with {self._documents.source.config.decontaminate}" * bool(shared)


def _tests(source: Source) -> EvaluationTexts | None:
    """Read the texts that must not be trained on, if there are any."""
    if source.config.decontaminate is None:
        return None
    part = file_part(Path(source.config.decontaminate), DocumentRule(), Origin())
    return EvaluationTexts(_texts_of(part))


def _texts_of(part: CorpusFile) -> Iterator[Iterator[str]]:
    """Yield the documents of a part, each as its pieces."""
    pieces = read_documents(part, CorpusStatistics())
    for first in pieces:
        yield _until_end(first, pieces)


def _until_end(first: str | End, pieces: Iterator[str | End]) -> Iterator[str]:
    """Yield the pieces of one document, the first of which has been read."""
    piece = first
    while isinstance(piece, str):
        yield piece
        piece = next(pieces)


def _bytes_to_read(source: Source) -> int | None:
    """Return how many bytes of text there will be, about, if that can be known."""
    paths = [
        part.file.path
        for part in source.parts
        if isinstance(part.file, LocalFile) and part.form in PLAIN_FORMS and not part.packing
    ]
    known = len(paths) == len(source.parts)
    return sum(path.stat().st_size for path in paths) if known else None


def _empty(documents: Documents) -> str:
    """Say that nothing is left, and why."""
    why = "; ".join(f"{why}: {count:,}" for why, count in documents.tally.removed.items())
    left_out = f" (left out: {why})" if why else ""
    return f"{documents.source.name}: the corpus is empty{left_out}; give a file with some text"
