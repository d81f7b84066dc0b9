"""The lines of a file that holds a table."""

from collections.abc import Iterator
from pathlib import Path

from textgen.corpus.corpus_file import CorpusFile
from textgen.corpus.statistics import CorpusStatistics
from textgen.corpus.text.reader import read_raw
from textgen.errors import DataError

LONGEST_LINE = 1 << 28  # characters; a table's line has to be held as a whole


def read_lines(path: Path, file: CorpusFile, statistics: CorpusStatistics) -> Iterator[str]:
    """Yield the lines of a file without line ends, decoded and not cleaned.

    A line is not held here once it is yielded, since it may be long.

    Args:
        path: of the file on this machine.
        file: its name, packing and encoding.
        statistics: counts the changes of decoding.

    Raises:
        DataError: as `read_raw` does, or a line is too long.
    """
    number, size = 1, 0
    held: list[str] = []  # the pieces of the present line
    chunks = read_raw(path, file.rule, name=file.name, packing=file.packing, statistics=statistics)
    for chunk in chunks:
        *lines, rest = chunk.split("\n")
        for line in lines:
            held.append(line)
            number, size = number + 1, 0
            yield _taken(held)
        held.append(rest)
        size += len(rest)
        if size > LONGEST_LINE:
            raise DataError(
                f"{file.name}:{number}: a line of more than {LONGEST_LINE} characters; is it a "
                f"table? cut it into rows, or read it as plain text"
            )
    if size:
        yield _taken(held)


def _taken(parts: list[str]) -> str:
    """Join the pieces of a line and clear the list."""
    whole = "".join(parts)
    parts.clear()
    return whole
