"""Decoding, chunk by chunk: errors name the line and the byte."""

import codecs
import contextlib
import itertools
from collections import Counter
from collections.abc import Iterator

from textgen.corpus.text.cleaning import REPLACEMENT, unify_line_ends
from textgen.errors import DataError, by_setting

BYTE_ORDER_MARKS = "byte order marks taken off"
UNDECODABLE = "byte sequences that are not {} replaced by U+FFFD"

_MARK = "\ufeff"
# Stands for undecodable bytes until they are counted; no decoder gives a lone surrogate by itself.
_BAD = "\udcff"
_HANDLERS = {"strict": "strict", "replace": "textgen.replace"}  # registered names


def _handle(error: UnicodeError) -> tuple[str, int]:
    """Return the placeholder of undecodable bytes, and the position after them."""
    if isinstance(error, UnicodeDecodeError):
        return _BAD, error.end
    raise error


codecs.register_error(_HANDLERS["replace"], _handle)


def _remedy() -> str:
    """Return the remedy for bytes of another encoding."""
    words = "name the file's encoding with {} (auto tries to find it)"
    return by_setting(words, "encoding", otherwise="convert it to UTF-8")


def decode(
    chunks: Iterator[bytes], name: str, encoding: str, errors: str, changes: Counter[str]
) -> Iterator[str]:
    """Yield the text of a file without byte order mark, with LF line ends.

    The marks of UTF-16 and UTF-32 belong to the encoding; removing that of UTF-8 is a change.

    Args:
        chunks: the bytes of the file.
        name: what errors call it.
        encoding: of the file.
        errors: "strict", or "replace" to put U+FFFD in the place of each undecodable sequence (as
            Python and Unicode define it).
        changes: counts the changes.

    Raises:
        DataError: undecodable bytes, naming line and byte.
    """
    texts = _decoded(chunks, name, encoding, errors, changes)
    first = next(filter(None, texts), "")
    if first.startswith(_MARK):
        changes[BYTE_ORDER_MARKS] += 1
    yield first.removeprefix(_MARK)
    yield from texts


def _decoded(
    chunks: Iterator[bytes], name: str, encoding: str, errors: str, changes: Counter[str]
) -> Iterator[str]:
    """Yield decoded text with LF line ends."""
    decoder = codecs.getincrementaldecoder(encoding)(_HANDLERS[errors])
    lines, offset = _Lines(changes), 0
    for chunk in itertools.chain(chunks, [b""]):
        state = decoder.getstate()
        try:
            text = decoder.decode(chunk, not chunk)
        except UnicodeError as error:
            if not isinstance(error, UnicodeDecodeError) or "BOM" in error.reason:
                # A missing mark; Python 3.13 and later name the first bytes for it.
                reason = getattr(error, "reason", error)
                raise DataError(f"{name}: not {encoding} ({reason}); {_remedy()}") from None
            start = error.start - len(state[0])  # its object begins with the bytes held back
            decoder.setstate(state)
            with contextlib.suppress(UnicodeError):  # UTF-16 whose mark is missing, too
                lines.unify(decoder.decode(chunk[: max(start, 0)]), final=True)
            where = f"{name}:{lines.number}: byte {offset + start}"
            bad = error.object[error.start : error.end].hex(" ")
            raise DataError(f"{where} ({bad}) is not {encoding}; {_remedy()}") from None
        yield lines.unify(_replaced(text, encoding, changes), final=not chunk)
        offset += len(chunk)


def _replaced(text: str, encoding: str, changes: Counter[str]) -> str:
    """Replace each placeholder of undecodable bytes by U+FFFD, and count it."""
    if _BAD not in text:
        return text
    changes[UNDECODABLE.format(encoding)] += text.count(_BAD)
    return text.replace(_BAD, REPLACEMENT)


class _Lines:
    """Turns line ends into LF, chunk by chunk, and counts lines."""

    def __init__(self, changes: Counter[str]) -> None:
        self.number = 1
        self._changes = changes
        self._held = ""  # a CR whose LF may be in the next chunk

    def unify(self, text: str, *, final: bool) -> str:
        """Return the text as far as it is complete, with LF line ends."""
        text = self._held + text
        self._held = "\r" if text.endswith("\r") and not final else ""
        text = unify_line_ends(text.removesuffix(self._held), self._changes)
        self.number += text.count("\n")
        return text
