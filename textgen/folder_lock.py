"""One process at a time in a folder: a lock beside it, so that the folder may be moved aside."""

import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from textgen.errors import Busy
from textgen.files import make_folder, told_if_full

_OWNER = re.compile(r"process (\d{1,9}) on (.+)")


class FolderLock:
    """The lock of a folder. That of a process that died is none, however it died.

    Args:
        folder: it may not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        whole = folder.absolute()
        self.path = whole.parent / f".{whole.name}.lock"

    @contextmanager
    def held(self, *, wait: bool) -> Iterator[None]:
        """Hold the lock while a block lasts.

        Args:
            wait: until another process lets go of it.

        Raises:
            Busy: another process holds it, and there is no waiting.
        """
        import filelock  # here: a reader of the owner alone does without

        make_folder(self.path.parent)
        lock = filelock.FileLock(self.path, blocking=wait)
        try:
            lock.acquire()
        except filelock.Timeout:
            raise Busy(self.owner()) from None
        try:
            with told_if_full(self.path.parent):
                self.path.write_text(f"process {os.getpid()} on {socket.gethostname()}")
            yield
        finally:
            self.path.unlink(missing_ok=True)  # who waits for it notices, and makes it anew
            lock.release()

    def owner(self) -> str:
        """Return who took the lock last, as that process wrote it there."""
        try:
            return self.path.read_text(errors="replace") or "another process"
        except OSError:
            return "another process"

    def holder(self) -> str | None:
        """Return who seems to hold it, without trying it."""
        return self.owner() if self.path.exists() and _may_live(self.owner()) else None


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
