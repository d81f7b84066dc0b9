"""The schedule of checkpoints."""

import time
from collections.abc import Callable

from textgen.config.training import SAVE_SHARE
from textgen.trainer.checkpoint import Checkpoint
from textgen.trainer.job_folder import JobFolder


class CheckpointSchedule:
    """Writes checkpoints into a run's folder at intervals.

    Args:
        folder: takes the checkpoints; without one nothing is saved.
        every: seconds between them; more if saving would take over `SAVE_SHARE` of the time.
        make: returns a checkpoint of the present state.
        announce: receives the step of each checkpoint that has been written.
    """

    def __init__(
        self,
        folder: JobFolder | None,
        every: float,
        make: Callable[[], Checkpoint],
        announce: Callable[[int], None],
    ) -> None:
        self._folder = folder
        self._every = every
        self._make = make
        self._announce = announce
        self._next = 0.0

    def save_if_due(self) -> None:
        """Save if the last checkpoint is old enough."""
        if time.perf_counter() >= self._next:
            self.save()

    def save(self) -> None:
        """Write a checkpoint.

        Raises:
            OSError: the disk refused; earlier checkpoints are intact.
        """
        if self._folder is None:
            return
        start = time.perf_counter()
        checkpoint = self._make()
        self._folder.save(checkpoint)
        now = time.perf_counter()
        checkpoint.progress.seconds_saving += now - start
        self._next = now + max(self._every, (now - start) / SAVE_SHARE)
        self._announce(checkpoint.progress.steps)
