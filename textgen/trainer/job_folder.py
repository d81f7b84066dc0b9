"""The folder of a training run: one trainer at a time, checkpoints, what it holds in the end."""

import logging
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from textgen.artifact.model_folder import (
    FILES,
    MANIFEST,
    PAGE,
    PICTURE,
    TRAINING_STATE,
    Model,
    add_model,
)
from textgen.errors import Busy, DataError, UsageError, by_setting
from textgen.files import (
    make_folder,
    new_folder,
    refuse_existing,
    remove_folder,
    require_folder,
    set_aside,
    sweep,
    write_file,
)
from textgen.folder_lock import FolderLock
from textgen.trainer.checkpoint import HISTORY, Checkpoint
from textgen.trainer.history import History

logger = logging.getLogger(__name__)

WRITTEN = (*FILES, HISTORY, PAGE, PICTURE, TRAINING_STATE)
KEPT = 2  # checkpoints
CHECKPOINT = re.compile(r"step-(\d+)(?:-(\d+))?")


class JobFolder:
    """A model folder in the making.

    Args:
        path: of the folder; it may not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._state = path / TRAINING_STATE
        self._aside: Path | None = None
        self._lock = FolderLock(path)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other trainers away; the lock of a process that died is no lock.

        The lock is beside the folder, which may be moved aside while it is held.

        Raises:
            Busy: another trainer is at work in it.
        """
        try:
            with self._lock.held(wait=False):
                try:
                    yield
                finally:
                    self._undo_if_empty()
        except Busy as owner:
            raise Busy(
                f"{self.path}: {owner} is training in it; wait for its end, or choose another "
                f"folder"
            ) from None

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
        return self._lock.holder()

    def checkpoints(self) -> list[Path]:
        """Return the checkpoints, the oldest first.

        Raises:
            FileNotFoundError, NotADirectoryError: no training is here.
        """
        found = [(CHECKPOINT.fullmatch(p.name), p) for p in self._state.iterdir()]
        numbered = [((int(m[1]), int(m[2] or 1)), path) for m, path in found if m]
        return [path for _, path in sorted(numbered)]

    def latest(self) -> tuple[Path, Checkpoint] | None:
        """Return the newest whole checkpoint; damaged ones are logged and renamed.

        Raises:
            UnsafeModel: a link, or no folder, stands where one of ours should be.
        """
        if self.path.is_symlink():
            require_folder(self.path)
        self._refuse_foreign()
        if self.is_begun or self.is_model:
            sweep(self.path, *WRITTEN)
        if not self.is_begun:
            return None
        sweep(self._state)
        for path in reversed(self.checkpoints()):
            try:
                return path, Checkpoint.read(path)
            except DataError as error:
                logger.warning("a damaged checkpoint is passed over: %s", error)
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
            UnsafeModel: as for `latest`.
        """
        self._refuse_foreign()
        if self.is_begun:
            raise UsageError(
                f"{self.path}: holds a training that is not finished; "
                + by_setting("go on with it by {}, ", "resume", True)
                + by_setting("or begin anew with {}", "overwrite", True)
            )
        refuse_existing(self.path)

    def refuse_others(self) -> None:
        """Refuse a folder with something in it that no training has left.

        Raises:
            UsageError: `path` is a file, or holds something else.
            UnsafeModel: as for `latest`.
        """
        self._refuse_foreign()
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

    def _refuse_foreign(self) -> None:
        """Refuse what textgen never makes at the places that it sweeps and removes."""
        if self.path.is_symlink():
            refuse_existing(self.path)
        with suppress(FileNotFoundError, NotADirectoryError):  # nothing was begun here
            require_folder(self._state)
            for path in self._state.iterdir():
                if path.is_symlink() or CHECKPOINT.fullmatch(path.name):
                    require_folder(path)

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
        while os.path.lexists(path):
            number += 1
            path = self._state / f"step-{step}-{number}"
        return path
