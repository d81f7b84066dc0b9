"""The display of a training, on stderr."""

import time
from typing import Any, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from textgen.config.duration import format_duration
from textgen.config.training import METRICS
from textgen.trainer.trainer import TrainingCallback

SECONDS_BETWEEN_LINES = 10.0
SMOOTHING = 0.95  # of the displayed loss


class TrainingDisplay(TrainingCallback):
    """A live bar on a terminal, plain lines elsewhere; validations and samples on both.

    Args:
        quiet: show nothing.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        super().__init__()
        self._console = Console(stderr=True, quiet=quiet)
        self._bar = Progress(
            TextColumn("training"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[status]}"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._steps = self._done = 0
        self._is_untrained = False
        self._loss = 0.0
        self._start = self._last_line = time.monotonic()

    def __enter__(self) -> Self:
        self._console.print("compiling and timing the first steps ...", style="dim")
        return self

    def __exit__(self, *error: object) -> None:
        self._end_bar()

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Start the bar: its length is known now."""
        counts = logs or {}
        self._steps, self._done = int(counts["steps"]), int(counts["done"])  # Keras makes floats
        self._is_untrained = not self._done
        begun = f", {self._done:,} of them done" if self._done else ""
        self._console.print(f"training for {self._steps:,} steps{begun}", highlight=False)
        self._start = self._last_line = time.monotonic()
        self._task = self._bar.add_task(
            "training", total=self._steps, completed=self._done, status=""
        )
        self._bar.start()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Advance the bar, or print a line at intervals."""
        logs = logs or {}
        self._is_untrained = False
        weight = SMOOTHING if batch > self._done else 0.0
        self._loss = weight * self._loss + (1 - weight) * logs["loss"]
        status = f"loss {self._loss:.3f}  {logs['tokens_per_second']:,.0f} tokens/s"
        self._bar.update(self._task, completed=batch + 1, status=status)
        now = time.monotonic()
        if not self._console.is_terminal and now - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = now
            per_step = (now - self._start) / (batch + 1 - self._done)
            left = per_step * (self._steps - batch - 1)
            step = f"step {batch + 1}/{self._steps}"
            self._console.print(f"{step}  {status}  {format_duration(left)} left", highlight=False)

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Show that a validation runs."""
        self._bar.update(self._task, status="validating ...")

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """Print the quality of the model, unless measuring was interrupted."""
        if not logs:
            return
        before = " before training" if self._is_untrained else ""
        self._console.print(
            f"validation{before}: {logs['nats_per_token']:.4f} nats per token, perplexity "
            f"{logs['perplexity']:.2f}, {logs['bits_per_byte']:.3f} bits per byte"
            + "".join(f", {name} {logs[name]:.4f}" for name in METRICS if name in logs),
            highlight=False,
            soft_wrap=True,
        )

    def on_sample(self, step: int, text: str, copied: int | None) -> None:
        """Print a sample, and the length of the longest span that it copies."""
        self._console.print(escape(text), style="dim", highlight=False, soft_wrap=True)
        if copied is not None:
            self._console.print(
                f"its longest span that the training text contains: {copied} characters",
                highlight=False,
            )

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Remove the bar."""
        self._end_bar()

    def _end_bar(self) -> None:
        if not self._bar.disable:  # old versions of rich write a line end for a hidden bar
            self._bar.stop()
