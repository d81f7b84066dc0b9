"""Detection of a file's encoding."""

import codecs
import contextlib
import itertools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from textgen.errors import DataError, by_setting

if TYPE_CHECKING:
    from charset_normalizer import CharsetMatch

# Chunks after the first that is not UTF-8 that belong to the sample.
SAMPLE_CHUNKS = 4
# A smaller difference of two scores says nothing; then the more usual encoding is taken.
CLOSE = 0.05

# Of two marks that begin alike, the longer one comes first.
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# Encodings of the WHATWG Encoding Standard that texts are found in. The more usual ones come first,
# and win where a text reads alike in several. The code pages include ISO 8859.
_USUAL = (
    "utf_8",
    "utf_16_le",
    "utf_16_be",
    "utf_32_le",
    "utf_32_be",
    "cp1252",
    "cp1251",
    "cp1250",
    "gb18030",
    "cp932",
    "euc_jp",
    "cp949",
    "big5",
    "cp1254",
    "cp1253",
    "cp1256",
    "cp1255",
    "cp1257",
    "cp1258",
    "cp874",
    "iso8859_2",
    "iso8859_5",
    "koi8_r",
    "koi8_u",
    "cp866",
    "mac_roman",
)
_BEYOND_ASCII = re.compile("[^\0-\x7f\ufffd]")


def find_encoding(chunks: Iterator[bytes], name: str) -> str:
    """Return the most probable encoding of a file.

    A byte order mark decides. A file that is UTF-8 from start to end is UTF-8, and so is one with
    little damage in much UTF-8. Otherwise `charset-normalizer` scores a sample that begins just
    before the first bytes that are not UTF-8.

    Args:
        chunks: the bytes of the file, the first at least as long as a byte order mark.
        name: what errors call it.

    Raises:
        DataError: the file is no text in any of the usual encodings.
    """
    first = next(chunks, b"")
    for mark, encoding in _MARKS.items():
        if first.startswith(mark):
            return encoding
    sample = _sample(itertools.chain([first], chunks))
    return "utf-8" if not sample or _is_mostly_utf8(sample) else _likeliest(sample, name)


def _sample(chunks: Iterator[bytes]) -> bytes:
    """Return the bytes around the first that are not UTF-8; nothing if all are."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    before = b""
    for chunk in itertools.chain(chunks, [b""]):
        if not _is_text(decoder, chunk):
            return b"".join([before, chunk, *itertools.islice(chunks, SAMPLE_CHUNKS)])
        before = chunk
    return b""


def _is_text(decoder: codecs.IncrementalDecoder, chunk: bytes) -> bool:
    """Return whether a chunk is UTF-8 without NUL, which UTF-16 is full of; b"" ends the file."""
    try:
        return "\0" not in decoder.decode(chunk, not chunk)
    except UnicodeDecodeError:
        return False


def _is_mostly_utf8(sample: bytes) -> bool:
    """Return whether more characters beyond ASCII are valid than not; few are by chance."""
    text = sample.decode("utf-8", "replace")
    return len(_BEYOND_ASCII.findall(text)) > text.count("\ufffd")


def _likeliest(sample: bytes, name: str) -> str:
    """Return the encoding in which a sample is most like a language."""
    from charset_normalizer import CharsetMatches, from_bytes

    matches = CharsetMatches(
        [
            match
            for size, encodings in _readable(sample).items()
            for match in from_bytes(sample[:size], cp_isolation=encodings)
        ]
    )
    best = matches.best()
    if best is None:
        remedy = by_setting("name it with {}", "encoding", otherwise="convert it to UTF-8")
        raise DataError(f"{name}: its encoding cannot be told; {remedy}")
    alike = {
        encoding
        for match in matches
        if _score(match) > _score(best) - CLOSE
        for encoding in match.could_be_from_charset
    }
    return codecs.lookup(min(alike, key=_USUAL.index)).name


def _score(match: "CharsetMatch") -> float:
    """Return the score of a text: high for letters of a language, low for unlikely neighbours."""
    return match.coherence - match.chaos


def _readable(sample: bytes) -> dict[int, list[str]]:
    """Return the encodings that can decode a sample, by the number of bytes in whole characters."""
    sizes: dict[int, list[str]] = {}
    for encoding in _USUAL:
        decoder = codecs.getincrementaldecoder(encoding)()
        with contextlib.suppress(UnicodeDecodeError):
            decoder.decode(sample)
            size = len(sample) - len(decoder.getstate()[0])
            sizes.setdefault(size, []).append(encoding)
    return sizes
