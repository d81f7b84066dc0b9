"""A first look at a corpus: what its parts are, how their documents begin, and what is wrong."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from textgen.corpus.corpus_file import CorpusFile, LocalFile
from textgen.corpus.documents import End, read_documents
from textgen.corpus.selection.filters import DocumentFilter
from textgen.corpus.source import Source
from textgen.corpus.statistics import CorpusStatistics
from textgen.corpus.tables.open_table import open_table
from textgen.errors import TextgenError, one_line

DOCUMENTS = 100  # read of a part, at most
CHARACTERS = 1 << 20  # after so many of a part no more is read
SHOWN_CHARACTERS = 60  # of each document


@dataclass(frozen=True)
class PartCheck:
    """What is found at the beginning of a part.

    Attributes:
        name: of the part.
        form: how it is read, and how it is packed.
        split: that its name or its set puts it in, if any.
        encoding: of its bytes, if that had to be found out.
        columns: of a table.
        documents: the beginnings of those that were read and are kept.
        changes: what was changed in the texts that were read, and how often.
        removed: why documents were left out, and how many.
        notes: what people should know of its form.
        problem: what is wrong, in a line; nothing if all is well.
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


def check_parts(source: Source) -> Iterator[PartCheck]:
    """Yield what is found in each part of a source.

    Of a hub set, only the first file of each split is looked at, so that no other is fetched.
    """
    fetched = set()
    for part in source.parts:
        hub_split = (part.origin, part.hub_split)
        if not part.hub_split or hub_split not in fetched:
            yield check_part(part)
        fetched.add(hub_split)


def check_part(part: CorpusFile) -> PartCheck:
    """Look at the beginning of a part."""
    tally, columns, documents, problem = CorpusStatistics(), list[str](), list[str](), ""
    try:
        with part.file.local() as path:
            here = dataclasses.replace(part, file=LocalFile(path))  # fetched once, opened twice
            columns += _columns(here)
            for beginning in _beginnings(here, tally):
                documents.append(beginning)
    except (TextgenError, OSError) as error:
        problem = one_line(str(error))
    return PartCheck(
        name=part.name,
        form=part.form + part.packing,
        split=part.split,
        encoding=tally.encodings.get(part.name, ""),
        columns=tuple(columns),
        documents=tuple(documents),
        changes=dict(tally.changes),
        removed=dict(tally.removed),
        notes=tuple(tally.found),
        problem=problem,
    )


def _columns(part: CorpusFile) -> list[str]:
    """Return the columns of a part that is a table."""
    if part.form == "text":
        return []
    with open_table(part, CorpusStatistics()) as table:
        return list(table.columns)


def _beginnings(part: CorpusFile, tally: CorpusStatistics) -> Iterator[str]:
    """Yield the beginnings of those of the first documents of a part that are kept."""
    wanted = DocumentFilter(part.rule)
    text, documents, characters = "", 0, 0
    for piece in read_documents(part, tally):
        if isinstance(piece, End):
            is_blank = not text.strip()
            if why := wanted.reason(len(text), partial(str, text), piece.where, is_blank=is_blank):
                tally.leave_out(piece.where, why, text)
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
