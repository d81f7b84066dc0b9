"""Files of plain text."""

from collections.abc import Iterator
from pathlib import Path

from textgen.corpus.corpus_file import CorpusFile
from textgen.corpus.statistics import CorpusStatistics
from textgen.corpus.text.reader import read_text
from textgen.corpus.text.recognition import recognise_text


def open_plain_text(path: Path, file: CorpusFile, statistics: CorpusStatistics) -> Iterator[str]:
    """Return the clean text of a file in pieces.

    Args:
        path: of the file on this machine.
        file: its name, packing and rule.
        statistics: counts the changes, and takes remarks on the text.

    Raises:
        DataError: it is no plain text. Later damage raises while the text is read.
    """
    file = recognise_text(path, file, statistics)
    return read_text(path, file.rule, name=file.name, packing=file.packing, statistics=statistics)
