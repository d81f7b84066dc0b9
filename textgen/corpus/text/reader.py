"""Readers of encoded text: from bytes to clean text, with errors that name file, line and byte."""

from collections.abc import Iterator
from pathlib import Path

from textgen.config.corpus import AUTO, TextPolicy
from textgen.corpus.statistics import CorpusStatistics
from textgen.corpus.text.cleaning import TextCleaner, UncleanText
from textgen.corpus.text.decoding import decode
from textgen.corpus.text.decompress import CHUNK_BYTES, read_plain
from textgen.corpus.text.encodings import find_encoding
from textgen.corpus.text.normalization_boundaries import cut_safely
from textgen.errors import DataError


def read_text(
    path: Path,
    policy: TextPolicy,
    *,
    name: str = "",
    packing: str = "",
    statistics: CorpusStatistics | None = None,
    chunk_bytes: int = CHUNK_BYTES,
) -> Iterator[str]:
    """Yield the clean text of a file in pieces that end with a line where possible.

    The joined pieces equal the whole text cleaned at once, and so do the counts.

    Args:
        path: the file.
        policy: its encoding, and the rules of cleaning.
        name: what errors call it, if not by its path.
        packing: its compression: "", ".gz" or ".zst".
        statistics: counts the changes, and takes the encoding that was detected.
        chunk_bytes: bytes that are read, and roughly held, at a time.

    Raises:
        DataError: bytes that are not in this encoding or a character that the policy refuses,
            naming file and line; a damaged packed file, naming the byte.
    """
    name, statistics = name or str(path), statistics or CorpusStatistics()
    chunks = read_raw(
        path, policy, name=name, packing=packing, statistics=statistics, chunk_bytes=chunk_bytes
    )
    return clean_chunks(chunks, policy, name=name, statistics=statistics, longest=chunk_bytes)


def clean_chunks(
    chunks: Iterator[str],
    policy: TextPolicy,
    *,
    name: str,
    statistics: CorpusStatistics,
    longest: int = CHUNK_BYTES,
) -> Iterator[str]:
    """Yield the clean text of a file that has been decoded.

    Args:
        chunks: its text with LF line ends, cut anywhere.
        policy: the rules of cleaning.
        name: what errors call it.
        statistics: counts the changes.
        longest: characters of a line that are not cut.

    Raises:
        DataError: a character that the policy refuses, naming file and line.
    """
    cleaner = TextCleaner(policy, statistics)
    line, continues = 1, False
    for piece in cut_safely(chunks, longest):
        try:
            text = cleaner.clean(piece, continues=continues)
        except UncleanText as error:
            line += piece.count("\n", 0, error.position)
            raise DataError(f"{name}:{line}: {error.what}") from None
        yield text
        line += piece.count("\n")
        continues = not piece.endswith("\n")


def read_raw(
    path: Path,
    policy: TextPolicy,
    *,
    name: str = "",
    packing: str = "",
    statistics: CorpusStatistics | None = None,
    chunk_bytes: int = CHUNK_BYTES,
) -> Iterator[str]:
    """Yield the decoded text of a file in chunks that end anywhere.

    Tables need it, whose cells are cleaned later. The byte order mark is removed and line ends
    become LF, both counted. Undecodable bytes are refused or replaced, as the policy says.

    Args, Raises: as of `read_text`.
    """
    name, statistics = name or str(path), statistics or CorpusStatistics()
    encoding = known_encoding(path, policy, name, packing, statistics)
    chunks = read_plain(path, packing, name=name, chunk_bytes=chunk_bytes)
    yield from decode(chunks, name, encoding, policy.encoding_errors, statistics.changes)


def known_encoding(
    path: Path, policy: TextPolicy, name: str, packing: str, statistics: CorpusStatistics
) -> str:
    """Return the encoding of a file: that of the policy, or the detected one if that is auto.

    Args, Raises: as of `read_text`.
    """
    if policy.encoding != AUTO:
        return policy.encoding
    statistics.encodings[name] = find_encoding(read_plain(path, packing, name=name), name)
    return statistics.encodings[name]
