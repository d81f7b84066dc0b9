"""Packed files (.gz, .zst), unpacked while they are read."""

import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Protocol

from textgen.errors import DataError, NotInstalled

CHUNK_BYTES = 1 << 16
# Packed bytes that are unpacked at once. A byte of Zstandard stands for up to 32 KiB (RFC 8878, a
# block of a repeated byte), one of gzip for up to 1 KiB, so that at most 32 MiB come out.
PACKED_BYTES = 1 << 10
# Largest window that a Zstandard frame may ask for; the zstd command has the same limit.
WINDOW_BYTES = 1 << 27


class Frame(Protocol):
    """A decompressor of one gzip member or Zstandard frame."""

    @property
    def eof(self) -> bool:
        """Whether its end has been reached."""

    @property
    def unused_data(self) -> bytes:
        """The bytes given to it beyond its end."""

    def decompress(self, data: bytes, /) -> bytes:
        """Return the plain bytes that are complete so far."""


def read_plain(
    path: Path, packing: str = "", *, name: str = "", chunk_bytes: int = CHUNK_BYTES
) -> Iterator[bytes]:
    """Yield the plain bytes of a file, in memory that does not depend on its size.

    Consecutive members or frames are read as one file. Zero bytes between and after them are
    padding. Anything else after the last one is an error, since it may be a damaged member.

    Args:
        path: the file.
        packing: "", ".gz" or ".zst".
        name: what errors call it, if not by its path.
        chunk_bytes: size of a chunk; the last one may be smaller.

    Raises:
        DataError: damaged or cut short, naming the last byte of the packed file that was read.
        NotInstalled: the library for .zst is not installed.
    """
    with path.open("rb") as raw:
        if not packing:
            yield from iter(partial(raw.read, chunk_bytes), b"")
            return
        open_frame, damage = _gzip() if packing == ".gz" else _zstandard()
        try:
            yield from _regrouped(_frames(raw, open_frame), chunk_bytes)
        except (EOFError, damage) as error:
            raise DataError(
                f"{name or path}: byte {raw.tell()}: cannot be unpacked ({error}); fetch it "
                f"again, pack it anew, or, if it is not packed so, give it another name"
            ) from None


@contextmanager
def unpacked(path: Path, packing: str, *, name: str = "") -> Iterator[Path]:
    """Yield a plain file for libraries that seek in it: the file itself, or an unpacked copy.

    Args:
        path: the file.
        packing: "", ".gz" or ".zst".
        name: what errors call it, if not by its path.

    Raises:
        DataError, NotInstalled: as `read_plain` does.
    """
    if not packing:
        yield path
        return
    with tempfile.NamedTemporaryFile(prefix="textgen-") as plain:
        for chunk in read_plain(path, packing, name=name):
            plain.write(chunk)
        plain.flush()
        yield Path(plain.name)


def _frames(raw: IO[bytes], open_frame: Callable[[], Frame]) -> Iterator[bytes]:
    """Yield the plain bytes, frame after frame.

    Raises:
        EOFError: the file is cut short.
    """
    frame = open_frame()
    while packed := raw.read(PACKED_BYTES):
        if frame.eof:
            packed = packed.lstrip(b"\0")
        while packed:
            if frame.eof:
                frame = open_frame()
            yield frame.decompress(packed)
            packed = frame.unused_data.lstrip(b"\0")
    if not frame.eof:
        raise EOFError("it ends too early")


def _regrouped(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Regroup pieces into chunks of one size; the last one may be smaller."""
    gathered = bytearray()
    for piece in pieces:
        gathered += piece
        full = len(gathered) // size * size
        for start in range(0, full, size):
            yield bytes(gathered[start : start + size])
        del gathered[:full]
    if gathered:
        yield bytes(gathered)


def _gzip() -> tuple[Callable[[], Frame], type[Exception]]:
    """Return the decompressor of gzip members, with checksums (RFC 1952), and its error."""
    return partial(zlib.decompressobj, wbits=31), zlib.error


def _zstandard() -> tuple[Callable[[], Frame], type[Exception]]:
    """Return the decompressor of Zstandard frames (RFC 8878), and its error."""
    try:
        import zstandard
    except ImportError:
        raise NotInstalled("reading .zst", "zstandard", "corpora") from None
    decompressor = zstandard.ZstdDecompressor(max_window_size=WINDOW_BYTES)
    return decompressor.decompressobj, zstandard.ZstdError
