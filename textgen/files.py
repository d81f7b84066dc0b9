"""Files: written so that a kill or a full disk loses nothing, read so that nothing surprises."""

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
ASIDE = re.compile(r"\..+\.[0-9a-f]{8}")  # names of what is still being written


def write_file(path: Path, data: bytes) -> None:
    """Write `data` to `path` so that `path` always holds its old or its new content.

    Raises:
        OSError: the disk refused, or a folder stands there; the old content is untouched.
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
    """Write files that belong together; the last one stands only beside the others of its kind.

    Args:
        folder: where they go. What else is there stays.
        files: contents by name. Readers take the last one for the sign that all are there.

    Raises:
        OSError: the disk refused. Until everything was on the disk, nothing has changed.
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
    """Remove a plain folder so that no part of it ever stands at its name."""
    require_folder(path)
    aside = _name_aside(path)
    path.rename(aside)
    shutil.rmtree(aside)


def sweep(folder: Path, *names: str) -> None:
    """Remove what killed writers left in a plain folder.

    Args:
        folder: no other may be at work in it.
        names: of the only files and folders whose writers are meant, if not all are.
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
    """Refuse a link, or what is no folder, as unsafe where a folder of our own is wanted."""
    if not stat.S_ISDIR(path.lstat().st_mode):
        what = f"a link to {path.readlink()}" if path.is_symlink() else "no folder"
        raise UnsafeModel(
            f"{path}: {what}, which textgen never makes here; nothing was touched; move it away"
        )


def write_output(path: Path, data: bytes) -> None:
    """Write a file as `write_file` does; folders that are missing above it are made."""
    make_folder(named(path).parent)
    write_file(path, data)


def check_output(path: Path, *, overwrite: bool = False) -> None:
    """Find out before the work, not after it, that an output cannot be written.

    Raises:
        UsageError: it exists, and `overwrite` is false, or it is the folder that we are in.
        OSError: the nearest folder above it that exists cannot be written to.
    """
    if not overwrite:
        refuse_existing(path)
    refuse_here(path)
    check_writable(path)


def refuse_existing(path: Path) -> None:
    """Refuse to write over anything but an empty folder.

    Raises:
        UsageError: `path` is a file or a folder with something in it.
    """
    if path.is_symlink() or (path.exists() and not (path.is_dir() and not any(path.iterdir()))):
        overwrite = by_setting(" or pass {}", "overwrite", True)
        raise UsageError(f"{path}: exists already; choose another name{overwrite}")


@contextmanager
def explain_full_disk(folder: Path, remedy: str = "make room there") -> Iterator[None]:
    """Say which folder has no room, and what helps: the error of a write does not."""
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
        path: where the folder shall stand. Parents are made.
        overwrite: move what stands there aside, as `set_aside` does.

    Raises:
        UsageError: `path` exists and `overwrite` is false, or it is the folder that we are in.
        OSError: the disk refused; nothing at `path` has changed.
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
    """Make a folder and those above it, where they are missing, and flush their names."""
    if path.is_dir():
        return
    make_folder(path.absolute().parent)
    path.mkdir(exist_ok=True)
    _sync_folder(path.absolute().parent)


def set_aside(path: Path) -> Path | None:
    """Move what stands at a path, if anything does, to `path.old`, `path.old-2`, ...

    Returns:
        where it is now, which is logged, too; None if nothing stood there.

    Raises:
        UsageError: it is the folder that we are in.
    """
    path = named(path)
    if not os.path.lexists(path):
        return None
    refuse_here(path)
    aside = path.rename(_free_name(path))
    logger.info("what stood at %s is now %s", path, aside)
    return aside


def _write_synced(path: Path, data: bytes) -> None:
    """Write a new file, down to the disk."""
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _name_aside(path: Path) -> Path:
    """Return a new hidden name, matched by `ASIDE`, beside `path`, on the same disk."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}")


def _free_name(path: Path) -> Path:
    """Return the first of `path.old`, `path.old-2`, ... that is free."""
    old = path.with_name(f"{path.name}.old")
    number = 2
    while os.path.lexists(old):  # a link that leads nowhere is there, too
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
