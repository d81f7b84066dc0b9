"""Collection: the clean documents of a source, read once, without those to be left out."""

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
from textgen.corpus.corpus_file import CorpusFile, LocalFile, Origin
from textgen.corpus.documents import End, read_documents
from textgen.corpus.forms import form_of, local_corpus_file
from textgen.corpus.selection.decontamination import EvaluationTexts
from textgen.corpus.selection.deduplicate import remove_copies
from textgen.corpus.selection.filters import DocumentFilter
from textgen.corpus.source import Source
from textgen.corpus.spool import Spool
from textgen.corpus.statistics import SHOWN_CHARACTERS, CorpusStatistics
from textgen.errors import DataError
from textgen.progress import SILENT, ProgressReporter


class Documents:
    """The clean documents of a source, and the statistics of the others.

    Attributes:
        source: the corpus.
        spool: its documents, with a mark on those that are removed.
        statistics: counts of changes, and of documents left out.
        labels: the number of each label; 0 is no label.
        listing: a line of JSON for each document left out.
    """

    def __init__(self, source: Source, spool: Spool, listing: IO[str]) -> None:
        self.source = source
        self.spool = spool
        self.listing = listing
        self.statistics = CorpusStatistics(listing=listing)
        self.labels = {"": 0}

    @cached_property
    def characters(self) -> int:
        """Characters of all documents that remain."""
        return int(self.count("file")[1].sum())

    def records(self) -> Iterator[NDArray[Any]]:
        """Yield the records of the documents that remain, many at a time."""
        for records in self.spool.records():
            yield records[~records["removed"]]

    def count(self, column: str) -> NDArray[np.int64]:
        """Return the numbers of documents and characters for each value of a column.

        Args:
            column: "file" or "label".

        Returns:
            shape (2, values).
        """
        size = len(self.source.files if column == "file" else self.labels)
        total = np.zeros((2, size), np.int64)
        for records in self.records():
            numbers = records[column]
            total[0] += np.bincount(numbers, minlength=size)
            total[1] += np.bincount(numbers, records["characters"], size).astype(np.int64)
        return total


@contextmanager
def collect(source: Source, progress: ProgressReporter = SILENT) -> Iterator[Documents]:
    """Yield the documents of a source, for as long as the block lasts.

    Args:
        source: the corpus, and its rules.
        progress: receives the bytes of clean text that were read.

    Raises:
        DataError: the corpus has no text, or a file cannot be read.
    """
    with ExitStack() as stack:
        # Files without a name vanish with the process, however it ends.
        texts = stack.enter_context(tempfile.TemporaryFile())
        records = stack.enter_context(tempfile.TemporaryFile())
        listing = stack.enter_context(  # lone surrogates are written as JSON escapes them
            tempfile.TemporaryFile("w+", encoding="utf-8", errors="backslashreplace")
        )
        spool = Spool(texts, records)
        documents = Documents(source, spool, listing)
        _read(documents, progress)
        remove_copies(source, spool, documents.statistics, progress)
        if not documents.characters:
            raise DataError(_empty(documents))
        yield documents


def _read(documents: Documents, progress: ProgressReporter) -> None:
    """Read all files of a source."""
    source = documents.source
    total = _bytes_to_read(source)
    tests = _evaluation_texts(source)
    for number, file in enumerate(source.files):
        reader = _FileReader(documents, number, file, None if file.is_held_out else tests)
        for done in reader.read():
            progress.advance("reading", done, total)


class _FileReader:
    """Reads one file into the spool.

    Args:
        documents: the collection to add to.
        number: of the file.
        file: the file.
        tests: texts that must stay out of training, if there are any.
    """

    def __init__(
        self, documents: Documents, number: int, file: CorpusFile, tests: EvaluationTexts | None
    ) -> None:
        self._documents = documents
        self._number = number
        self._file = file
        self._tests = tests
        self._filter = DocumentFilter(file.rule)
        self._digest = hashlib.sha256()
        self._characters = 0
        self._is_blank = True
        self._head = ""

    def read(self) -> Iterator[int]:
        """Read the file; yield the bytes of text since the last time."""
        spool = self._documents.spool
        for piece in read_documents(self._file, self._documents.statistics):
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
        """Add the document, or leave it out."""
        spool = self._documents.spool
        if why := self._reason(end):
            spool.discard()
            self._documents.statistics.leave_out(end.where, why, self._head)
            return
        labels = self._documents.labels
        spool.end(
            where=end.where,
            characters=self._characters,
            digest=self._digest.digest()[:16],
            file=self._number,
            label=labels.setdefault(end.label, len(labels)),
        )

    def _reason(self, end: End) -> str | None:
        """Return the reason to leave a document out; None to keep it."""
        spool = self._documents.spool
        reason = self._filter.reason(
            self._characters,
            lambda: "".join(spool.open_text()),
            end.where,
            is_blank=self._is_blank,
        )
        if reason or self._tests is None:
            return reason
        shared = self._tests.shared(spool.open_text())
        return f"shares words with {self._documents.source.config.decontaminate}" * bool(shared)


def _evaluation_texts(source: Source) -> EvaluationTexts | None:
    """Read the texts that must stay out of training, if there are any."""
    if source.config.decontaminate is None:
        return None
    file = local_corpus_file(Path(source.config.decontaminate), DocumentRule(), Origin())
    return EvaluationTexts(_texts_of(file))


def _texts_of(file: CorpusFile) -> Iterator[Iterator[str]]:
    """Yield the documents of a file, each as its pieces."""
    pieces = read_documents(file, CorpusStatistics())
    for first in pieces:
        yield _until_end(first, pieces)


def _until_end(first: str | End, pieces: Iterator[str | End]) -> Iterator[str]:
    """Yield the pieces of one document, the first of which has been read."""
    piece = first
    while isinstance(piece, str):
        yield piece
        piece = next(pieces)


def _bytes_to_read(source: Source) -> int | None:
    """Return the rough number of bytes of text; None if it is unknown."""
    paths = [
        file.stored.path
        for file in source.files
        if isinstance(file.stored, LocalFile) and form_of(file).is_plain and not file.packing
    ]
    all_known = len(paths) == len(source.files)
    return sum(path.stat().st_size for path in paths) if all_known else None


def _empty(documents: Documents) -> str:
    """Return the error of a corpus without text, with the reasons."""
    why = "; ".join(f"{why}: {count:,}" for why, count in documents.statistics.removed.items())
    left_out = f" (left out: {why})" if why else ""
    return f"{documents.source.name}: the corpus is empty{left_out}; give a file with some text"
