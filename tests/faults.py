"""Faults under the file layer: a process that is killed, or a disk that refuses, at a given point.

Points are counted as a process works: one for every byte that it writes to a file opened by
`Path.open`, and `SYSTEM_CALL` for every `fsync` and every `rename`. Only files below one folder
count.
"""

import os
import signal
from pathlib import Path
from typing import Any

SYSTEM_CALL = 2000


class Faults:
    """Counts points; at one of them it does what was asked for.

    Args:
        folder: what lies below it counts.
        at: the point; never, if it is None.
        error: the number of the error that the disk then gives for good; 0 kills the process.
        trace: file that takes a line for each write, `fsync` and `rename`.
    """

    def __init__(
        self, folder: str, at: int | None = None, error: int = 0, trace: str | None = None
    ) -> None:
        self.folder = os.path.abspath(folder)
        self.at = at
        self.error = error
        self.trace = os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_APPEND) if trace else None
        self.points = 0

    def install(self) -> None:
        """Stand under this process's file layer from now on."""
        path_open, fsync, rename = Path.open, os.fsync, os.rename

        def open_faulty(path: Path, mode: str = "r", *rest: Any, **options: Any) -> Any:
            file = path_open(path, mode, *rest, **options)
            writes = set(mode) & set("wxa") and self.covers(path)
            return FaultyFile(file, path, self) if writes else file

        def fsync_faulty(handle: int) -> None:
            path = Path(f"/proc/self/fd/{handle}").readlink()
            if self.covers(path):
                self.pass_points(SYSTEM_CALL, "fsync", path)
            fsync(handle)

        def rename_faulty(source: Any, target: Any, **options: Any) -> None:
            if self.covers(target):
                self.pass_points(SYSTEM_CALL, "rename", source, target)
            rename(source, target, **options)

        for place, name, faulty in (
            (Path, "open", open_faulty),
            (os, "fsync", fsync_faulty),
            (os, "rename", rename_faulty),
        ):
            setattr(place, name, faulty)

    def covers(self, path: Any) -> bool:
        """Tell whether a path counts."""
        return str(Path(path).absolute()).startswith(self.folder)

    def allowed(self, count: int) -> int:
        """Return how many of so many points lie before the fault."""
        return count if self.at is None else max(0, min(count, self.at - self.points))

    def pass_points(self, count: int, *what: Any) -> None:
        """Go past some points; the fault happens if it lies among them."""
        allowed = self.allowed(count)
        self.points += allowed
        if self.trace:
            os.write(self.trace, "\t".join([str(self.points), *map(str, what)]).encode() + b"\n")
        if allowed < count:
            if not self.error:
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError(self.error, os.strerror(self.error))


class FaultyFile:
    """A file whose writes go past points, and end at the fault."""

    def __init__(self, file: Any, path: Path, faults: Faults) -> None:
        self._file = file
        self._path = path
        self._faults = faults

    def write(self, data: Any) -> int:
        """Write as much as lies before the fault."""
        self._file.write(data[: self._faults.allowed(len(data))])
        self._file.flush()
        self._faults.pass_points(len(data), "write", self._path)
        return len(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> "FaultyFile":
        return self

    def __exit__(self, *details: Any) -> None:
        self._file.close()
