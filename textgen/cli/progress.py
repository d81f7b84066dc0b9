"""Progress of what takes longer than a moment, on stderr."""

import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Self

from textgen.cli.messages import console

if TYPE_CHECKING:
    from rich.progress import Progress

REDRAWN = 0.1  # seconds between two looks at how far something is
PATIENCE = 0.5  # seconds without a sign of life after which a bar appears


class TokenProgress:
    """A bar on a terminal that appears where nothing else has for a while; nothing elsewhere.

    Args:
        total: how many tokens are written at most; below 0 if nobody knows.
        hidden: show nothing.
    """

    def __init__(self, total: int, *, hidden: bool) -> None:
        self._total = total if total >= 0 else None
        self._hidden = hidden or not sys.stderr.isatty()
        self._bar: Progress | None = None
        self._read = self._written = 0
        self._quiet_since = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.clear()

    def advance(self, read: int, written: int) -> None:
        """Take in how many tokens were read and written since the last call."""
        self._read += read
        self._written += written
        state: dict[str, Any] = {
            "description": "writing" if self._written else "reading",
            "completed": self._written,
            "read": self._read,
        }
        if self._bar:
            self._bar.update(self._bar.task_ids[0], **state)
        elif not self._hidden and time.monotonic() - self._quiet_since > PATIENCE:
            self._bar = _bar("{task.fields[read]:,} tokens read, {task.completed:,} written")
            self._bar.add_task(total=self._total, **state)
            self._bar.start()

    def clear(self) -> None:
        """Make room for text; the bar comes back when none has come for a while."""
        if self._bar:
            self._bar.stop()
        self._bar = None
        self._quiet_since = time.monotonic()


class CorpusProgress:
    """A bar for the stage that a corpus has reached, on a terminal; nothing elsewhere.

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
        """Take in the advance of a stage; the bar is drawn anew a few times a second."""
        self._done[stage] += done
        now = time.monotonic()
        if stage == self._stage and now - self._drawn < REDRAWN:
            return
        done = self._done[stage]
        state: dict[str, Any] = {
            "completed": done,
            "reached": f"{done / total:4.0%}" if total else f"{done:,} bytes",
        }
        if stage == self._stage:
            self._bar.update(self._bar.task_ids[0], **state)
        else:
            self._begin(stage, total, state)
        self._drawn = now

    def _begin(self, stage: str, total: int | None, state: dict[str, Any]) -> None:
        """Let the bar be that of a stage, which may have been there before."""
        for other in self._bar.task_ids:
            self._bar.remove_task(other)
        self._bar.add_task(stage, total=total, **state)
        self._stage = stage


def _bar(told: str, *, hidden: bool = False) -> "Progress":
    """Make a bar that vanishes in the end; what goes to stdout meanwhile is left alone.

    Args:
        told: what stands beside it, as rich formats a task.
        hidden: show nothing, as where nobody watches.
    """
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn(told),
        TimeRemainingColumn(),
        console=console(),
        transient=True,
        redirect_stdout=False,
        disable=hidden or not sys.stderr.isatty(),
    )
