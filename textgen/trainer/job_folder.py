"""The folder of a training: its lock, its checkpoints, its model and history."""

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
        path: of the folder, which may not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._state = path / TRAINING_STATE
        self._aside: Path | None = None
        self._lock = FolderLock(path)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of the folder. The lock of a process that died is void.

        The lock is beside the folder, which may be renamed while it is held.

        Raises:
            Busy: another trainer works in it.
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
        """Whether the folder holds an unfinished training."""
        return self._state.is_dir()

    @property
    def is_model(self) -> bool:
        """Whether the folder holds a model, finished or not."""
        return (self.path / MANIFEST).is_file()

    def worker(self) -> str | None:
        """Return the process that seems to train here, without trying the lock."""
        return self._lock.holder()

    def checkpoints(self) -> list[Path]:
        """Return the checkpoints, the oldest first.

        Raises:
            FileNotFoundError, NotADirectoryError: there is no training.
        """
        matches = [(CHECKPOINT.fullmatch(p.name), p) for p in self._state.iterdir()]
        numbered = [((int(m[1]), int(m[2] or 1)), path) for m, path in matches if m]
        return [path for _, path in sorted(numbered)]

    def latest(self) -> tuple[Path, Checkpoint] | None:
        """Return the newest whole checkpoint; damaged ones are logged and renamed.

        Raises:
            UnsafeModel: a link or a file stands in the place of one of our folders.
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
        """Prepare the folder for a new training.

        Args:
            overwrite: rename an existing folder.

        Raises:
            UsageError: the folder holds something else.
        """
        if overwrite:
            self._aside = set_aside(self.path)
        self.refuse_others()
        make_folder(self._state)

    def refuse_anything(self) -> None:
        """Refuse a folder that holds anything.

        Raises:
            UsageError: it does; the message names the remedies.
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
        """Refuse a folder that holds anything but the remains of a training.

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
            OSError: the disk refused; earlier checkpoints are intact.
        """
        with new_folder(self._free_name(checkpoint.progress.steps)) as aside:
            checkpoint.write(aside)
        for path in self.checkpoints()[:-KEPT]:
            remove_folder(path)
        self.write_history(checkpoint.progress.history)

    def write_history(self, history: History) -> None:
        """Write the history so far beside the model.

        Raises:
            OSError: the disk refused; the earlier history is intact.
        """
        write_file(self.path / HISTORY, history.to_jsonl())

    def add(self, model: Model) -> None:
        """Write the model, and replace that of an earlier part of the run.

        Raises:
            OSError: the disk refused; the checkpoints are intact.
        """
        add_model(model, self.path)

    def finish(self) -> None:
        """Remove the checkpoints: the model is complete."""
        remove_folder(self._state)

    def _refuse_foreign(self) -> None:
        """Refuse links and files in the place of folders that textgen sweeps and removes."""
        if self.path.is_symlink():
            refuse_existing(self.path)
        with suppress(FileNotFoundError, NotADirectoryError):  # there is no training
            require_folder(self._state)
            for path in self._state.iterdir():
                if path.is_symlink() or CHECKPOINT.fullmatch(path.name):
                    require_folder(path)

    def _undo_if_empty(self) -> None:
        """Remove a training without a checkpoint, and restore the folder that it replaced."""
        with suppress(OSError):  # the folder holds something, or does not exist
            self._state.rmdir()
            self.path.rmdir()
            if self._aside:
                self._aside.rename(self.path)

    def _free_name(self, step: int) -> Path:
        """Return `step-N`, or if that exists `step-N-2` and so on."""
        path, number = self._state / f"step-{step}", 1
        while os.path.lexists(path):
            number += 1
            path = self._state / f"step-{step}-{number}"
        return path
