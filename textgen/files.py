"""Writing files so that a kill or a full disk loses nothing: aside, fsync, rename, fsync."""

import errno
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from textgen.errors import UsageError


def write_file(path: Path, data: bytes) -> None:
    """Write `data` to `path` so that `path` always holds its old or its new content.

    Raises:
        OSError: the disk refused; the old content is untouched.
    """
    aside = _name_aside(path)
    try:
        with aside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        aside.rename(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def to_json(value: Any) -> bytes:
    """Encode `value` as indented UTF-8 JSON that ends with a newline."""
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def check_output(path: Path, *, overwrite: bool = False) -> None:
    """Find out before the work, not after it, that an output cannot be written.

    Raises:
        UsageError: it exists, and `overwrite` is false.
        OSError: the nearest folder above it that exists cannot be written to.
    """
    if not overwrite:
        refuse_existing(path)
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if not (above.is_dir() and os.access(above, os.W_OK)):
        raise PermissionError(errno.EACCES, "not a folder that can be written to", str(above))


def refuse_existing(path: Path) -> None:
    """Refuse to write over anything but an empty folder.

    Raises:
        UsageError: `path` is a file or a folder with something in it.
    """
    if path.is_symlink() or (path.exists() and not (path.is_dir() and not any(path.iterdir()))):
        raise UsageError(f"{path}: exists already; choose another name or pass --overwrite")


@contextmanager
def new_folder(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary folder that becomes `path`, whole, when the block ends without error.

    Args:
        path: where the folder shall stand. Parents are made.
        overwrite: move what stands there aside, to `path.old`, `path.old-2`, ...

    Raises:
        UsageError: `path` exists and `overwrite` is false.
        OSError: the disk refused; nothing at `path` has changed.
    """
    if not overwrite:
        refuse_existing(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = _name_aside(path)
    aside.mkdir()
    try:
        yield aside
        _sync_files(aside)
        if overwrite:
            set_aside(path)
        refuse_existing(path)
        aside.rename(path)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    _sync_folder(path.parent)


def set_aside(path: Path) -> None:
    """Move what stands at a path, if anything does, to `path.old`, `path.old-2`, ..."""
    if path.exists():
        path.rename(_free_name(path))


def _name_aside(path: Path) -> Path:
    """Return a new hidden name beside `path`, on the same disk."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}")


def _free_name(path: Path) -> Path:
    """Return the first of `path.old`, `path.old-2`, ... that is free."""
    old = path.with_name(f"{path.name}.old")
    number = 2
    while old.exists():
        old = path.with_name(f"{path.name}.old-{number}")
        number += 1
    return old


def _sync_files(folder: Path) -> None:
    """Flush every file of a flat folder, then the folder itself, to the disk."""
    for entry in folder.iterdir():
        with entry.open("rb") as file:
            os.fsync(file.fileno())
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    """Flush a folder's list of names to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
