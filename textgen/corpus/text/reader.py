"""The one reader of corpus bytes: it alone knows file, line and byte."""

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
    tally: CorpusStatistics | None = None,
    chunk_bytes: int = CHUNK_BYTES,
) -> Iterator[str]:
    """Yield the clean text of a file in pieces that end, where they can, with a line.

    The pieces joined are what cleaning the whole text at once would give, and the counts are
    those of the whole text.

    Args:
        path: the file.
        policy: its encoding, and how it becomes clean.
        name: what errors call it, if not by its path.
        packing: how it is packed: "", ".gz" or ".zst".
        tally: is told what was changed, and the encoding that was found.
        chunk_bytes: how much is read, and roughly held, at a time.

    Raises:
        DataError: what is no text in this encoding, or is refused by the policy, naming file and
            line; a damaged packed file, naming the byte.
    """
    name, tally = name or str(path), tally or CorpusStatistics()
    cleaner = TextCleaner(policy, tally)
    chunks = read_raw(
        path, policy, name=name, packing=packing, tally=tally, chunk_bytes=chunk_bytes
    )
    line, continues = 1, False
    for piece in cut_safely(chunks, chunk_bytes):
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
    tally: CorpusStatistics | None = None,
    chunk_bytes: int = CHUNK_BYTES,
) -> Iterator[str]:
    """Yield the decoded text of a file in chunks, for tables, whose cells are cleaned later.

    Without byte order mark and with LF line ends, both counted; otherwise as it is, in chunks
    that end anywhere. Undecodable bytes are refused or replaced as the policy says.

    Args, Raises: as of `read_text`.
    """
    name, tally = name or str(path), tally or CorpusStatistics()
    encoding = known_encoding(path, policy, name, packing, tally)
    chunks = read_plain(path, packing, name=name, chunk_bytes=chunk_bytes)
    yield from decode(chunks, name, encoding, policy.encoding_errors, tally.changes)


def known_encoding(
    path: Path, policy: TextPolicy, name: str, packing: str, tally: CorpusStatistics
) -> str:
    """Return the encoding of a file, found out where the policy does not say it.

    Args, Raises: as of `read_text`.
    """
    if policy.encoding != AUTO:
        return policy.encoding
    tally.encodings[name] = find_encoding(read_plain(path, packing, name=name), name)
    return tally.encodings[name]
