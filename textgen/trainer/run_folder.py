"""The folder of a training run: one trainer at a time, checkpoints, what it holds in the end."""

import os
import re
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from textgen.errors import Busy, DataError, UsageError
from textgen.files import (
    make_folder,
    new_folder,
    refuse_existing,
    remove_folder,
    set_aside,
    sweep,
    write_file,
)
from textgen.model_folder import MANIFEST, TRAINING_STATE, Model, add_model
from textgen.trainer.checkpoint import HISTORY, Checkpoint
from textgen.trainer.history import History

KEPT = 2  # checkpoints
CHECKPOINT = re.compile(r"step-(\d+)(?:-(\d+))?")
OWNER = re.compile(r"process (\d{1,9}) on (.+)")


class RunFolder:
    """A model folder in the making.

    Args:
        path: of the folder; it may not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._state = path / TRAINING_STATE
        self._aside: Path | None = None
        whole = path.absolute()
        self._lock = whole.parent / f".{whole.name}.lock"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other trainers away; the lock of a process that died is no lock.

        The lock is beside the folder, which may be moved aside while it is held.

        Raises:
            Busy: another trainer is at work in it.
        """
        import filelock  # here: it comes with the extra `train`, and `info` does without

        make_folder(self._lock.parent)
        lock = filelock.FileLock(self._lock, blocking=False)
        try:
            lock.acquire()
        except filelock.Timeout:
            raise Busy(
                f"{self.path}: {self._owner() or 'another process'} is training in it; wait for "
                f"its end, or choose another folder"
            ) from None
        try:
            self._lock.write_text(f"process {os.getpid()} on {socket.gethostname()}")
            yield
        finally:
            self._undo_if_empty()
            self._lock.unlink(missing_ok=True)
            lock.release()

    @property
    def is_begun(self) -> bool:
        """Whether a training began here and did not come to its end."""
        return self._state.is_dir()

    @property
    def is_model(self) -> bool:
        """Whether a model is here, finished or not."""
        return (self.path / MANIFEST).is_file()

    def worker(self) -> str | None:
        """Return who seems to be training here, without trying the lock."""
        owner = self._owner()
        return owner if _may_live(owner) else None

    def checkpoints(self) -> list[Path]:
        """Return the checkpoints, the oldest first.

        Raises:
            FileNotFoundError, NotADirectoryError: no training is here.
        """
        found = [(CHECKPOINT.fullmatch(p.name), p) for p in self._state.iterdir()]
        numbered = [((int(m[1]), int(m[2] or 1)), path) for m, path in found if m]
        return [path for _, path in sorted(numbered)]

    def latest(self, notes: list[str]) -> tuple[Path, Checkpoint] | None:
        """Return the newest whole checkpoint; the damaged ones are named and put aside.

        Args:
            notes: takes what a person should know.
        """
        if self.is_begun or self.is_model:
            sweep(self.path)
        if not self.is_begun:
            return None
        sweep(self._state)
        for path in reversed(self.checkpoints()):
            try:
                return path, Checkpoint.read(path)
            except DataError as error:
                notes.append(f"a damaged checkpoint is passed over: {error}")
                path.rename(path.with_name(f"damaged-{path.name}-{secrets.token_hex(4)}"))
        return None

    def begin(self, *, overwrite: bool) -> None:
        """Make the folder ready for a new training.

        Args:
            overwrite: move what stands there aside.

        Raises:
            UsageError: something else stands there.
        """
        if overwrite:
            self._aside = set_aside(self.path)
        self.refuse_others()
        make_folder(self._state)

    def refuse_anything(self) -> None:
        """Refuse whatever stands here.

        Raises:
            UsageError: naming the ways on.
        """
        if self.is_begun:
            raise UsageError(
                f"{self.path}: holds a training that is not finished; go on with it by --resume, "
                f"or begin anew with --overwrite"
            )
        refuse_existing(self.path)

    def refuse_others(self) -> None:
        """Refuse a folder with something in it that no training has left.

        Raises:
            UsageError: `path` is a file, or holds something else.
        """
        ours = {TRAINING_STATE, HISTORY}
        if not self.is_begun or {entry.name for entry in self.path.iterdir()} - ours:
            refuse_existing(self.path)

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint, then remove all but the last two.

        Raises:
            OSError: the disk refused; the checkpoints from before are there.
        """
        with new_folder(self._free_name(checkpoint.progress.steps)) as aside:
            checkpoint.write(aside)
        for path in self.checkpoints()[:-KEPT]:
            remove_folder(path)
        self.write_history(checkpoint.progress.history)

    def write_history(self, history: History) -> None:
        """Write what has happened so far where people look for it.

        Raises:
            OSError: the disk refused; what was written before is there.
        """
        write_file(self.path / HISTORY, history.to_jsonl())

    def add(self, model: Model) -> None:
        """Write the model, in place of one of an earlier part of the run.

        Raises:
            OSError: the disk refused; the checkpoints are there.
        """
        add_model(model, self.path)

    def finish(self) -> None:
        """Remove the checkpoints: the model is complete."""
        remove_folder(self._state)

    def _undo_if_empty(self) -> None:
        """Make a training undone that never came to a checkpoint."""
        with suppress(OSError):  # there is something in the folder, or there is no folder
            self._state.rmdir()
            self.path.rmdir()
            if self._aside:
                self._aside.rename(self.path)

    def _free_name(self, step: int) -> Path:
        """Return `step-N`, or where that is taken `step-N-2` and so on."""
        path, number = self._state / f"step-{step}", 1
        while path.exists():
            number += 1
            path = self._state / f"step-{step}-{number}"
        return path

    def _owner(self) -> str:
        """Return who took the lock last, as that process wrote it there."""
        try:
            return self._lock.read_text(errors="replace")
        except OSError:
            return ""


def _may_live(owner: str) -> bool:
    """Tell whether the process that a lock names lives, as far as can be seen from here."""
    told = OWNER.fullmatch(owner)
    if told is None or told[2] != socket.gethostname():
        return bool(owner)
    try:
        os.kill(int(told[1]), 0)  # sends nothing
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is somebody else's
    return True
