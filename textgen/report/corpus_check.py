"""A check of a corpus: the form of its files, their first documents, and their problems."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from textgen.corpus.corpus_file import CorpusFile, LocalFile
from textgen.corpus.documents import End, read_documents
from textgen.corpus.forms import TextForm, form_of
from textgen.corpus.selection.filters import DocumentFilter
from textgen.corpus.source import Source
from textgen.corpus.statistics import CorpusStatistics
from textgen.errors import TextgenError, one_line

DOCUMENTS = 100  # the most that are read of a file
CHARACTERS = 1 << 20  # after which no more of a file is read
SHOWN_CHARACTERS = 60  # of each document


@dataclass(frozen=True)
class FileCheck:
    """The result of a check of one file.

    Attributes:
        name: of the file.
        form: its form and its packing.
        split: the split that its name or its dataset assigns it to, if any.
        encoding: of its bytes, if that was detected.
        columns: of a table.
        documents: the beginnings of documents that are kept.
        changes: the number of times of each change in the texts.
        removed: the number of documents left out for each reason.
        notes: remarks on its form.
        problem: the error in a line; nothing if there is none.
    """

    name: str
    form: str
    split: str | None
    encoding: str
    columns: tuple[str, ...]
    documents: tuple[str, ...]
    changes: dict[str, int]
    removed: dict[str, int]
    notes: tuple[str, ...]
    problem: str


def check_files(source: Source) -> Iterator[FileCheck]:
    """Yield the check of each file of a source.

    Of a hub dataset, only the first file of each split is checked, so that no other is fetched.
    """
    fetched = set()
    for file in source.files:
        hub_split = (file.origin, file.hub_split)
        if not file.hub_split or hub_split not in fetched:
            yield check_file(file)
        fetched.add(hub_split)


def check_file(file: CorpusFile) -> FileCheck:
    """Check the beginning of a file."""
    statistics, columns, documents, problem = CorpusStatistics(), list[str](), list[str](), ""
    try:
        with file.stored.local() as path:
            here = dataclasses.replace(file, stored=LocalFile(path))  # fetched once, opened twice
            columns += _columns(here)
            for beginning in _beginnings(here, statistics):
                documents.append(beginning)
    except (TextgenError, OSError) as error:
        problem = one_line(str(error))
    return FileCheck(
        name=file.name,
        form=file.form + file.packing,
        split=file.split,
        encoding=statistics.encodings.get(file.name, ""),
        columns=tuple(columns),
        documents=tuple(documents),
        changes=dict(statistics.changes),
        removed=dict(statistics.removed),
        notes=tuple(statistics.remarks),
        problem=problem,
    )


def _columns(file: CorpusFile) -> list[str]:
    """Return the columns of a file; none if it holds running text."""
    form = form_of(file)
    if isinstance(form, TextForm):
        return []
    with form.open(file, CorpusStatistics()) as table:
        return list(table.columns)


def _beginnings(file: CorpusFile, statistics: CorpusStatistics) -> Iterator[str]:
    """Yield the beginnings of the first documents of a file, without those left out."""
    document_filter = DocumentFilter(file.rule)
    text, documents, characters = "", 0, 0
    for piece in read_documents(file, statistics):
        if isinstance(piece, End):
            is_blank = not text.strip()
            reason = document_filter.reason(
                len(text), partial(str, text), piece.where, is_blank=is_blank
            )
            if reason:
                statistics.leave_out(piece.where, reason, text)
            else:
                yield text[:SHOWN_CHARACTERS]
            text, documents = "", documents + 1
        else:
            text += piece
            characters += len(piece)
        if documents == DOCUMENTS or characters >= CHARACTERS:
            break
    if text:
        yield text[:SHOWN_CHARACTERS]
