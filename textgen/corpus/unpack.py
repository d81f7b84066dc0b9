"""Packed files (.gz, .zst): their plain bytes go into a folder before they are read."""

import gzip
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from textgen.errors import DataError, UsageError

PACKED = (".gz", ".zst")
CHUNK_BYTES = 1 << 20


def unpack(path: Path, folder: Path) -> Path:
    """Write the plain bytes of a packed file into a folder.

    Args:
        path: a file whose name ends with one of `PACKED`.
        folder: where the plain file goes, under a name of its own.

    Raises:
        DataError: damaged or cut short, naming the byte up to which it was read.
        UsageError: `.zst` without the library that reads it.
    """
    chunks = _gzip_chunks if path.suffix.lower() == ".gz" else _zstandard_chunks
    with path.open("rb") as raw, tempfile.NamedTemporaryFile(dir=folder, delete=False) as plain:
        try:
            for chunk in chunks(raw):
                plain.write(chunk)
        except (EOFError, zlib.error, gzip.BadGzipFile, ValueError) as error:
            raise DataError(
                f"{path}: byte {raw.tell()}: cannot be unpacked ({error}); is the file whole?"
            ) from None
    return Path(plain.name)


def _gzip_chunks(raw: IO[bytes]) -> Iterator[bytes]:
    """Yield the plain bytes of a gzip file."""
    with gzip.GzipFile(fileobj=raw) as packed:
        while chunk := packed.read(CHUNK_BYTES):
            yield chunk


def _zstandard_chunks(raw: IO[bytes]) -> Iterator[bytes]:
    """Yield the plain bytes of a Zstandard file, frame after frame.

    Raises:
        ValueError: damaged.
        EOFError: cut short, which the library's own reader takes for the end.
    """
    try:
        import zstandard
    except ImportError:
        raise UsageError(
            "reading .zst needs zstandard, which is not installed; install textgen-lstm with its "
            "extra 'corpora'"
        ) from None
    frame = zstandard.ZstdDecompressor().decompressobj()
    try:
        while chunk := raw.read(CHUNK_BYTES):
            while chunk:
                if frame.eof:
                    frame = zstandard.ZstdDecompressor().decompressobj()
                yield frame.decompress(chunk)
                chunk = frame.unused_data
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from None
    if not frame.eof:
        raise EOFError("it ends before its end-of-frame mark")
