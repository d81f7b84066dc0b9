"""Progress of what takes longer than a moment, on stderr."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

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


@contextmanager
def corpus_progress(quiet: bool) -> Iterator[Callable[[str, int], None]]:
    """Yield a function that is told of each stage's advance in characters.

    On a terminal each stage is a bar, which knows its length once the first stage, reading, has
    gone through the corpus; elsewhere nothing is shown.
    """
    stages: dict[str, TaskID] = {}
    with _bar("{task.completed:,.0f} characters", hidden=quiet) as bar:

        def advance(stage: str, characters: int) -> None:
            if stage not in stages:
                first = bar.tasks[0].completed if bar.tasks else None
                stages[stage] = bar.add_task(stage, total=first)
            bar.advance(stages[stage], characters)

        yield advance


def _bar(told: str, *, hidden: bool = False) -> "Progress":
    """Make a bar that vanishes in the end; what goes to stdout meanwhile is left alone.

    Args:
        told: what stands beside it, as rich formats a task.
        hidden: show nothing, as where nobody watches.
    """
    from rich.console import Console  # here, for it takes longer to import than a short text
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn(told),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        disable=hidden or not sys.stderr.isatty(),
    )
