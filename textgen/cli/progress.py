"""Progress of long work, as bars on a terminal."""

import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Self

from textgen.cli.messages import console

if TYPE_CHECKING:
    from rich.progress import Progress

REDRAW_SECONDS = 0.1  # between two updates of a bar
PATIENCE_SECONDS = 0.5  # without a sign of life, after which a bar appears
UNITS = {"scoring": "characters"}  # of stages whose total is unknown; bytes of the others


class TokenProgress:
    """A bar for the tokens of a generation, which appears when no text has for a while.

    It reports the stages "reading" (of the prompts) and "writing". Nothing is shown elsewhere than
    on a terminal.

    Args:
        total: the most tokens that are written; below 0 if that is unknown.
        hidden: show nothing.
    """

    def __init__(self, total: int, *, hidden: bool) -> None:
        self._total = total if total >= 0 else None
        self._hidden = hidden or not sys.stderr.isatty()
        self._bar: Progress | None = None
        self._done: Counter[str] = Counter()
        self._quiet_since = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.clear()

    def advance(self, stage: str, done: int, total: int | None = None) -> None:
        """Add the tokens of a stage, and show the bar if it is time."""
        self._done[stage] += done
        state: dict[str, Any] = {
            "description": "writing" if self._done["writing"] else "reading",
            "completed": self._done["writing"],
            "read": self._done["reading"],
        }
        if self._bar:
            self._bar.update(self._bar.task_ids[0], **state)
        elif not self._hidden and time.monotonic() - self._quiet_since > PATIENCE_SECONDS:
            self._bar = _bar("{task.fields[read]:,} tokens read, {task.completed:,} written")
            self._bar.add_task(total=self._total, **state)
            self._bar.start()

    def clear(self) -> None:
        """Remove the bar to make room for text; it comes back after the next silence."""
        if self._bar:
            self._bar.stop()
        self._bar = None
        self._quiet_since = time.monotonic()


class CorpusProgress:
    """A bar for the present stage of reading a corpus; nothing elsewhere than on a terminal.

    Args:
        quiet: show nothing.
    """

    def __init__(self, quiet: bool) -> None:
        self._bar = _bar("{task.fields[reached]}", hidden=quiet)
        self._stage = ""
        self._done: Counter[str] = Counter()
        self._drawn = time.monotonic()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        if not self._bar.disable:  # one that is hidden writes a line end, in old versions
            self._bar.stop()

    def advance(self, stage: str, done: int, total: int | None = None) -> None:
        """Add to what a stage has done; the bar is redrawn a few times a second."""
        self._done[stage] += done
        now = time.monotonic()
        if stage == self._stage and now - self._drawn < REDRAW_SECONDS:
            return
        state: dict[str, Any] = {
            "completed": self._done[stage],
            "reached": self._reached(stage, total),
        }
        if stage == self._stage:
            self._bar.update(self._bar.task_ids[0], **state)
        else:
            self._begin(stage, total, state)
        self._drawn = now

    def _reached(self, stage: str, total: int | None) -> str:
        """Return the progress of a stage, as a share if its total is known."""
        done = self._done[stage]
        return f"{done / total:4.0%}" if total else f"{done:,} {UNITS.get(stage, 'bytes')}"

    def _begin(self, stage: str, total: int | None, state: dict[str, Any]) -> None:
        """Replace the bar by that of another stage, which may have been shown before."""
        for task in self._bar.task_ids:
            self._bar.remove_task(task)
        self._bar.add_task(stage, total=total, **state)
        self._stage = stage


def _bar(status: str, *, hidden: bool = False) -> "Progress":
    """Make a bar on stderr that vanishes at its end.

    Args:
        status: the text beside it, as rich formats a task.
        hidden: show nothing.
    """
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn(status),
        TimeRemainingColumn(),
        console=console(),
        transient=True,
        redirect_stdout=False,
        disable=hidden or not sys.stderr.isatty(),
    )
