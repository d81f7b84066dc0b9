"""Reads files as documents, each whole."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from textgen.config.corpus import DocumentRule
from textgen.corpus.corpus_file import CorpusFile, Origin
from textgen.corpus.documents import End, read_documents
from textgen.corpus.forms import local_corpus_file
from textgen.corpus.statistics import CorpusStatistics

Document = tuple[str, str, str]  # its text, where it began, its label


def whole(pieces: Iterable[str | End]) -> list[Document]:
    """Return documents, each whole."""
    found: list[Document] = []
    text = ""
    for piece in pieces:
        if isinstance(piece, End):
            found.append((text, piece.where, piece.label))
            text = ""
        else:
            text += piece
    assert not text  # every document is ended
    return found


def file_of(path: Path, label: str = "", **settings: Any) -> CorpusFile:
    return local_corpus_file(path, DocumentRule(**settings), Origin(label=label))


def documents(path: Path, statistics: CorpusStatistics | None = None, **settings: Any) -> list[str]:
    """Return the texts of a file's documents."""
    pieces = read_documents(file_of(path, **settings), statistics or CorpusStatistics())
    return [text for text, _, _ in whole(pieces)]


def write_rows(path: Path, *rows: Any) -> Path:
    """Write a .jsonl file."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
