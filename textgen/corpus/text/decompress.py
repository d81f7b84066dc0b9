"""Packed files (.gz, .zst): their plain bytes, unpacked while they are read."""

import tempfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, Protocol

from textgen.errors import DataError, NotInstalled

CHUNK_BYTES = 1 << 16
# Packed bytes that are unpacked at once. One of Zstandard can stand for 32 KiB (RFC 8878, a block
# of a repeated byte), one of gzip for 1 KiB, so what comes out has 32 MiB at most.
PACKED_BYTES = 1 << 10
# The most memory that a Zstandard frame may ask for; the zstd command has the same limit.
WINDOW_BYTES = 1 << 27


class Frame(Protocol):
    """What unpacks a gzip member or a Zstandard frame."""

    @property
    def eof(self) -> bool:
        """Whether its end has been reached."""

    @property
    def unused_data(self) -> bytes:
        """What was given to it beyond its end."""

    def decompress(self, data: bytes, /) -> bytes:
        """Return the plain bytes as far as they are known."""


def read_plain(
    path: Path, packing: str = "", *, name: str = "", chunk_bytes: int = CHUNK_BYTES
) -> Iterator[bytes]:
    """Yield the plain bytes of a file, in memory that does not depend on its size.

    Members and frames that follow one another are read as one file. Zero bytes between and behind
    them are padding, anything else behind the last one is an error: it may be what was lost.

    Args:
        path: the file.
        packing: "", ".gz" or ".zst".
        name: what errors call it, if not by its path.
        chunk_bytes: how much is yielded at a time; the last chunk may be smaller.

    Raises:
        DataError: damaged or cut short, naming the byte of the packed file up to which it was
            read.
        NotInstalled: `.zst` without the library that reads it.
    """
    with path.open("rb") as raw:
        if not packing:
            yield from iter(partial(raw.read, chunk_bytes), b"")
            return
        open_frame, damage = _gzip() if packing == ".gz" else _zstandard()
        try:
            yield from _even(_unpacked(raw, open_frame), chunk_bytes)
        except (EOFError, damage) as error:
            raise DataError(
                f"{name or path}: byte {raw.tell()}: cannot be unpacked ({error}); fetch it "
                f"again, pack it anew, or, if it is not packed so, give it another name"
            ) from None


def unpack(path: Path, packing: str, folder: Path, *, name: str = "") -> Path:
    """Write the plain bytes of a packed file into a folder, for what reads files only.

    Args:
        path: the packed file.
        packing: ".gz" or ".zst".
        folder: where the plain file goes, under a name of its own.
        name: what errors call it, if not by its path.

    Raises:
        DataError, NotInstalled: as of `read_plain`.
    """
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as plain:
        for chunk in read_plain(path, packing, name=name):
            plain.write(chunk)
    return Path(plain.name)


def _unpacked(raw: IO[bytes], open_frame: Callable[[], Frame]) -> Iterator[bytes]:
    """Yield plain bytes, frame after frame.

    Raises:
        EOFError: cut short.
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


def _even(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Join and cut pieces anew to chunks of one size; the last one may be smaller."""
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
    """Return what begins a gzip member, and its error; checksums are verified (RFC 1952)."""
    return partial(zlib.decompressobj, wbits=31), zlib.error


def _zstandard() -> tuple[Callable[[], Frame], type[Exception]]:
    """Return what begins a Zstandard frame, and its error (RFC 8878)."""
    try:
        import zstandard
    except ImportError:
        raise NotInstalled("reading .zst", "zstandard", "corpora") from None
    decompressor = zstandard.ZstdDecompressor(max_window_size=WINDOW_BYTES)
    return decompressor.decompressobj, zstandard.ZstdError
