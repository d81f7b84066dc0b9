"""Progress of what takes longer than a moment, on stderr."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


@contextmanager
def token_progress(total: int, *, hidden: bool) -> Iterator[Callable[[int, int], None]]:
    """Yield a function that is told how many tokens were read and written since its last call.

    A bar on a terminal; nothing elsewhere, or if `hidden`.

    Args:
        total: how many tokens are written at most; below 0 if nobody knows.
        hidden: show nothing.
    """
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[read]:,} tokens read, {task.completed:,.0f} written"),
        TimeRemainingColumn(),
    )
    hidden = hidden or not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task("reading", total=total if total >= 0 else None, read=0)

        def advance(read: int, written: int) -> None:
            bar.update(
                task,
                advance=written,
                read=bar.tasks[0].fields["read"] + read,
                description="reading" if read else "writing",
            )

        yield advance


@contextmanager
def corpus_progress(quiet: bool) -> Iterator[Callable[[str, int], None]]:
    """Yield a function that is told of each stage's advance in characters.

    On a terminal each stage is a bar, which knows its length once the first stage, reading, has
    gone through the corpus; elsewhere nothing is shown.
    """
    console = Console(stderr=True, quiet=quiet)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} characters"),
        TimeRemainingColumn(),
    )
    stages: dict[str, TaskID] = {}
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:

        def advance(stage: str, characters: int) -> None:
            if stage not in stages:
                first = bar.tasks[0].completed if bar.tasks else None
                stages[stage] = bar.add_task(stage, total=first)
            bar.advance(stages[stage], characters)

        yield advance
