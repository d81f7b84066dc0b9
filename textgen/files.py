"""Atomic writing of files and folders, so that a kill or a full disk loses nothing."""

import errno
import logging
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from textgen.errors import UnsafeModel, UsageError, by_setting
from textgen.paths import check_writable, named, refuse_here

logger = logging.getLogger(__name__)
ASIDE = re.compile(r"\..+\.[0-9a-f]{8}")  # names of files and folders during their writing


def write_file(path: Path, data: bytes) -> None:
    """Write a file so that its path always holds the old or the new content.

    Raises:
        OSError: the disk refused, or the path is a folder; the old content is untouched.
    """
    path = named(path)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    aside = _name_aside(path)
    try:
        _write_synced(aside, data)
        aside.rename(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def write_together(folder: Path, files: dict[str, bytes]) -> None:
    """Write files that belong together. The last one is there only if all others are.

    Args:
        folder: to write to. Its other files stay.
        files: contents by name. The last one marks them as complete for readers.

    Raises:
        OSError: the disk refused. Nothing changes before everything is on the disk.
    """
    *_, last = files
    asides = {name: _name_aside(folder / name) for name in files}
    try:
        for name, data in files.items():
            _write_synced(asides[name], data)
        (folder / last).unlink(missing_ok=True)
        _sync_folder(folder)
        for name, aside in asides.items():
            if name == last:
                _sync_folder(folder)
            aside.rename(folder / name)
    except BaseException:
        for aside in asides.values():
            aside.unlink(missing_ok=True)
        raise
    _sync_folder(folder)


def remove_folder(path: Path) -> None:
    """Remove a plain folder, whose path never holds only a part of it."""
    require_folder(path)
    aside = _name_aside(path)
    path.rename(aside)
    shutil.rmtree(aside)


def sweep(folder: Path, *names: str) -> None:
    """Remove the unfinished files and folders of killed writers from a plain folder.

    Args:
        folder: in which no other process is writing.
        names: of files and folders; unfinished ones of other names stay. None means all.
    """
    require_folder(folder)
    for entry in folder.iterdir():
        if not ASIDE.fullmatch(entry.name) or (names and entry.name[1:-9] not in names):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def require_folder(path: Path) -> None:
    """Refuse a path as unsafe that should be a folder of ours, and is a link or no folder."""
    if not stat.S_ISDIR(path.lstat().st_mode):
        kind = f"a link to {path.readlink()}" if path.is_symlink() else "no folder"
        raise UnsafeModel(
            f"{path}: {kind}, which textgen never makes here; nothing was touched; move it away"
        )


def write_output(path: Path, data: bytes) -> None:
    """Write a file as `write_file` does, and make missing folders above it."""
    make_folder(named(path).parent)
    write_file(path, data)


def check_output(path: Path, *, overwrite: bool = False) -> None:
    """Check before the work that an output can be written.

    Raises:
        UsageError: it exists, and `overwrite` is false, or it is the working folder.
        OSError: the nearest folder above it that exists cannot be written to.
    """
    if not overwrite:
        refuse_existing(path)
    refuse_here(path)
    check_writable(path)


def refuse_existing(path: Path) -> None:
    """Refuse a path that exists and is not an empty folder.

    Raises:
        UsageError: `path` is a file, or a folder that is not empty.
    """
    if path.is_symlink() or (path.exists() and not (path.is_dir() and not any(path.iterdir()))):
        overwrite = by_setting(" or pass {}", "overwrite", True)
        raise UsageError(f"{path}: exists already; choose another name{overwrite}")


@contextmanager
def explain_full_disk(folder: Path, remedy: str = "make room there") -> Iterator[None]:
    """Add the folder and a remedy to errors of a full disk."""
    try:
        yield
    except OSError as error:
        if error.filename or error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise OSError(error.errno, f"{error.strerror}; {remedy}", str(folder)) from None


@contextmanager
def new_folder(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary folder that becomes `path`, whole, when the block ends without error.

    Args:
        path: of the folder. Its parents are made.
        overwrite: move anything at this path aside, as `set_aside` does.

    Raises:
        UsageError: `path` exists and `overwrite` is false, or it is the working folder.
        OSError: the disk refused; `path` is unchanged.
    """
    path = named(path)
    if not overwrite:
        refuse_existing(path)
    refuse_here(path)
    make_folder(path.parent)
    aside = _name_aside(path)
    aside.mkdir()
    try:
        with explain_full_disk(path.absolute().parent):
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


def make_folder(path: Path) -> None:
    """Make a folder and its missing parents, and flush their names."""
    if path.is_dir():
        return
    make_folder(path.absolute().parent)
    path.mkdir(exist_ok=True)
    _sync_folder(path.absolute().parent)


def set_aside(path: Path) -> Path | None:
    """Move a file or folder aside, to `path.old`, `path.old-2`, ..., and log the new path.

    Returns:
        the new path; None if nothing was there.

    Raises:
        UsageError: it is the working folder.
    """
    path = named(path)
    if not os.path.lexists(path):
        return None
    refuse_here(path)
    aside = path.rename(_free_name(path))
    logger.info("what stood at %s is now %s", path, aside)
    return aside


def _write_synced(path: Path, data: bytes) -> None:
    """Write a new file, and flush it to the disk."""
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _name_aside(path: Path) -> Path:
    """Return a new hidden name beside `path`, which `ASIDE` matches."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}")


def _free_name(path: Path) -> Path:
    """Return the first of `path.old`, `path.old-2`, ... that is free."""
    old = path.with_name(f"{path.name}.old")
    number = 2
    while os.path.lexists(old):  # a broken link is there, too
        old = path.with_name(f"{path.name}.old-{number}")
        number += 1
    return old


def _sync_files(folder: Path) -> None:
    """Flush every file of a flat folder to the disk, then the folder itself."""
    for entry in folder.iterdir():
        with entry.open("rb") as file:
            os.fsync(file.fileno())
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    """Flush the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
