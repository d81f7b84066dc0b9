"""The lines of a file that holds a table, one after the other."""

from collections.abc import Iterator
from pathlib import Path

from textgen.corpus.corpus_file import CorpusFile
from textgen.corpus.statistics import CorpusStatistics
from textgen.corpus.text.reader import read_raw
from textgen.errors import DataError

LONGEST_LINE = 1 << 28  # characters; a table's line has to be held as a whole


def read_lines(path: Path, part: CorpusFile, tally: CorpusStatistics) -> Iterator[str]:
    """Yield the lines of a file, without line ends, not clean: escapes and quotes come first.

    A line is not held here once it is yielded, since it may be long.

    Args:
        path: where the file is.
        part: its name, packing and encoding.
        tally: is told what decoding changed.

    Raises:
        DataError: what `read_raw` refuses, or a line that is too long.
    """
    number, size = 1, 0
    held: list[str] = []  # the parts of the line, so far
    chunks = read_raw(path, part.rule, name=part.name, packing=part.packing, tally=tally)
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
                f"{part.name}:{number}: a line of more than {LONGEST_LINE} characters; is it a "
                f"table? cut it into rows, or read it as plain text"
            )
    if size:
        yield _taken(held)


def _taken(parts: list[str]) -> str:
    """Join the parts and clear the list."""
    whole = "".join(parts)
    parts.clear()
    return whole
