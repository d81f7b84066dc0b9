"""The one reader of corpus bytes: it alone knows file, line and byte."""

import codecs
import io
from collections.abc import Iterator
from pathlib import Path

from textgen.config.corpus import TextPolicy
from textgen.corpus.text import clean_text
from textgen.errors import DataError

CHUNK_BYTES = 1 << 16


def read_text(
    path: Path, policy: TextPolicy, *, name: str = "", chunk_bytes: int = CHUNK_BYTES
) -> Iterator[str]:
    """Yield the clean text of a file in pieces that end, where they can, with a line.

    A byte order mark is taken off; line ends become LF; the text is brought to the policy's
    normal form. The pieces joined are what cleaning the whole text at once would give.

    Args:
        path: the file.
        policy: its encoding and the normal form wanted.
        name: what errors call it, if not by its path.
        chunk_bytes: how much is read, and roughly held, at a time.

    Raises:
        DataError: undecodable bytes or a NUL, naming file and line.
    """
    for piece in _cut_safely(
        _decoded(path, name or str(path), policy.encoding, chunk_bytes), chunk_bytes
    ):
        yield clean_text(piece, policy.normalize)


def _decoded(path: Path, name: str, encoding: str, chunk_bytes: int) -> Iterator[str]:
    """Yield a file's text chunk by chunk, without byte order mark, with LF line ends."""
    decoder = codecs.getincrementaldecoder(encoding)()
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    line, offset, begun = 1, 0, False
    with path.open("rb") as file:
        while True:
            chunk = file.read(chunk_bytes)
            held_back = len(decoder.getstate()[0])
            try:
                raw = decoder.decode(chunk, not chunk)
            except UnicodeDecodeError as error:
                before = error.object[: error.start].decode(encoding, "replace")
                line += newlines.decode(before, final=True).count("\n")
                byte = offset - held_back + error.start
                raise _undecodable(name, line, byte, error) from None
            text = newlines.decode(raw, not chunk)
            if text and not begun:
                text, begun = text.removeprefix("\ufeff"), True
            if "\0" in text:
                line += text[: text.index("\0")].count("\n")
                raise DataError(f"{name}:{line}: NUL character; is this a text file?")
            yield text
            if not chunk:
                return
            line += text.count("\n")
            offset += len(chunk)


def _undecodable(name: str, line: int, byte: int, error: UnicodeDecodeError) -> DataError:
    """Make the error for bytes that the encoding does not know."""
    bad = error.object[error.start : error.end].hex(" ")
    return DataError(
        f"{name}:{line}: byte {byte} ({bad}) is not {error.encoding}; "
        f"name the file's encoding with --encoding, for instance --encoding latin-1"
    )


def _cut_safely(chunks: Iterator[str], longest: int) -> Iterator[str]:
    """Join and cut chunks anew where normalization cannot reach across the cut.

    That is after a line feed or, in a line longer than `longest` characters, before an ASCII
    character: neither ever combines with what stands before it.
    """
    carry = ""
    for chunk in chunks:
        carry += chunk
        cut = carry.rfind("\n") + 1
        if not cut and len(carry) > longest:
            cut = next((i for i in range(len(carry) - 1, 0, -1) if carry[i].isascii()), 0)
        if cut:
            yield carry[:cut]
            carry = carry[cut:]
    if carry:
        yield carry
