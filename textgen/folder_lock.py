"""Locks of folders: one process at a time. The lock is beside the folder, which may be moved."""

import errno
import fcntl
import logging
import os
import re
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from textgen.errors import Busy
from textgen.files import explain_full_disk, make_folder

logger = logging.getLogger(__name__)
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP)
MARKER_SECONDS = 3.0  # after which an incomplete marker is taken over
_OWNER = re.compile(r"process (\d{1,9}) on (.+)")


class FolderLock:
    """The lock of a folder. It ends with its process, however that ends.

    The kernel holds the lock. Some network file systems have no locks. There, a marker takes its
    place: a file that names the owner. The marker of a dead owner is removed, unless the owner ran
    on another host.

    Args:
        folder: to lock; it need not exist.
    """

    def __init__(self, folder: Path) -> None:
        whole = folder.absolute()
        self.path = whole.parent / f".{whole.name}.lock"
        self._marker = whole.parent / f".{whole.name}.lock-owner"

    @contextmanager
    def held(self, *, wait: bool) -> Iterator[None]:
        """Hold the lock during a block.

        Args:
            wait: until another process releases it.

        Raises:
            Busy: another process holds it, and `wait` is false.
            OSError: the file of the lock cannot be written.
        """
        make_folder(self.path.parent)
        with ExitStack() as stack:
            has_locks = stack.enter_context(self._held_by_kernel(wait))
            # The marker may be of a process that sees no locks where we see them.
            if not has_locks or self._marker.exists():
                stack.enter_context(self._marked(wait))
            if not has_locks:
                logger.warning(
                    "%s: no locks on this file system; %s there keeps others away meanwhile",
                    self.path.parent,
                    self._marker.name,
                )
            yield

    @contextmanager
    def _held_by_kernel(self, wait: bool) -> Iterator[bool]:
        """Hold the kernel's lock; yield whether this file system has locks.

        Raises:
            Busy, OSError: as for `held`.
        """
        import filelock  # here, since reading the owner does not need it

        if not self._has_locks():
            self._clear_up()
            yield False
            return
        lock = filelock.FileLock(self.path, blocking=wait)
        try:
            lock.acquire()
        except filelock.Timeout:
            raise Busy(self.owner()) from None
        try:
            with explain_full_disk(self.path.parent):
                self.path.write_text(f"process {os.getpid()} on {socket.gethostname()}")
            yield True
        finally:
            self.path.unlink(missing_ok=True)  # a process that waits for it makes it again
            lock.release()

    def _has_locks(self) -> bool:
        """Return whether this file system has locks. Versions of `filelock` differ without them.

        Raises:
            OSError: nothing can be locked or written here.
        """
        with tempfile.TemporaryFile(dir=self.path.parent) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
            except OSError as error:
                if error.errno not in NO_LOCKS:
                    raise OSError(error.errno, error.strerror, str(self.path)) from None
                return False
        return True

    @contextmanager
    def _marked(self, wait: bool) -> Iterator[None]:
        """Hold the marker.

        Raises:
            Busy, OSError: as for `held`.
        """
        import filelock

        lock = filelock.SoftFileLock(self._marker, timeout=-1 if wait else MARKER_SECONDS)
        try:
            lock.acquire()
        except filelock.Timeout:
            raise Busy(self.owner()) from None
        try:
            yield
        finally:
            lock.release()

    def _clear_up(self) -> None:
        """Remove the file of a lock that no living process holds.

        Raises:
            Busy: its owner may be alive.
        """
        with suppress(FileNotFoundError):
            if self.path.stat().st_size and _may_live(self.owner()):
                raise Busy(self.owner())
            self.path.unlink()

    @property
    def file(self) -> Path:
        """The file of the lock: the marker if there is one."""
        return self._marker if self._marker.exists() else self.path

    def owner(self) -> str:
        """Return the last owner of the lock, as it wrote its name."""
        with suppress(OSError):
            if self.file == self._marker:
                return self._marked_owner()
            return self.path.read_text(errors="replace") or "another process"
        return "another process"

    def holder(self) -> str | None:
        """Return the owner that seems to hold the lock, without trying it, if there is one."""
        return self.owner() if self.file.exists() and _may_live(self.owner()) else None

    def _marked_owner(self) -> str:
        """Return the owner in the marker, with a remedy if it may be dead.

        Raises:
            OSError: the marker cannot be read.
        """
        number, host, *_ = [*self._marker.read_text(errors="replace").splitlines(), "", ""]
        owner = (
            f"process {number} on {host.partition('?')[0]}"  # the mark of a container may follow
        )
        if _OWNER.fullmatch(owner) and host.partition("?")[0] == socket.gethostname():
            return owner
        owner = owner if _OWNER.fullmatch(owner) else "another process"
        return f"{owner} (if that has ended, remove {self._marker})"


def _may_live(owner: str) -> bool:
    """Return whether the owner of a lock may be alive, as far as this host can see."""
    match = _OWNER.fullmatch(owner)
    if match is None or match[2] != socket.gethostname():
        return True
    try:
        os.kill(int(match[1]), 0)  # sends nothing
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # a process of another user
    return True
