"""One process at a time in a folder: a lock beside it, so that the folder may be moved aside."""

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
# In which a marker that was cut off in the writing is seen to be one, and taken over.
MARKER_SECONDS = 3.0
_OWNER = re.compile(r"process (\d{1,9}) on (.+)")


class FolderLock:
    """The lock of a folder. That of a process that died is none, however it died.

    The kernel holds it. Where the file system has no locks, as some on a network, a file stands for
    it that names its owner; one that lives no more is found out, unless it was on another host.

    Args:
        folder: it may not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        whole = folder.absolute()
        self.path = whole.parent / f".{whole.name}.lock"
        self._marker = whole.parent / f".{whole.name}.lock-owner"

    @contextmanager
    def held(self, *, wait: bool) -> Iterator[None]:
        """Hold the lock while a block lasts.

        Args:
            wait: until another process lets go of it.

        Raises:
            Busy: another process holds it, and there is no waiting.
            OSError: the lock's file cannot be written.
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
        """Hold the kernel's lock; yield whether it has any here.

        Raises:
            Busy, OSError: as for `held`.
        """
        import filelock  # here: a reader of the owner alone does without

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
            self.path.unlink(missing_ok=True)  # who waits for it notices, and makes it anew
            lock.release()

    def _has_locks(self) -> bool:
        """Find out whether there are locks; what `filelock` does without differs by version.

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
        """Hold the file that stands for the lock.

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
        """Remove the empty file of a lock that could not be had; one with an owner stays.

        Raises:
            Busy: the owner seems to live.
        """
        with suppress(FileNotFoundError):
            if self.path.stat().st_size and _may_live(self.owner()):
                raise Busy(self.owner())
            self.path.unlink()

    @property
    def file(self) -> Path:
        """The file that stands for the lock now."""
        return self._marker if self._marker.exists() else self.path

    def owner(self) -> str:
        """Return who took the lock last, as that process wrote it there."""
        with suppress(OSError):
            if self.file == self._marker:
                return self._marked_owner()
            return self.path.read_text(errors="replace") or "another process"
        return "another process"

    def holder(self) -> str | None:
        """Return who seems to hold it, without trying it."""
        return self.owner() if self.file.exists() and _may_live(self.owner()) else None

    def _marked_owner(self) -> str:
        """Return whom the file that stands for the lock names, and what to do if that has ended.

        Raises:
            OSError: it cannot be read.
        """
        number, host, *_ = [*self._marker.read_text(errors="replace").splitlines(), "", ""]
        owner = f"process {number} on {host.partition('?')[0]}"  # a mark of its container follows
        if _OWNER.fullmatch(owner) and host.partition("?")[0] == socket.gethostname():
            return owner
        owner = owner if _OWNER.fullmatch(owner) else "another process"
        return f"{owner} (if that has ended, remove {self._marker})"


def _may_live(owner: str) -> bool:
    """Tell whether the process that a lock names lives, as far as can be seen from here."""
    told = _OWNER.fullmatch(owner)
    if told is None or told[2] != socket.gethostname():
        return True
    try:
        os.kill(int(told[1]), 0)  # sends nothing
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is somebody else's
    return True
