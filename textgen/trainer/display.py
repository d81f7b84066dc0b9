"""What a person sees while a model trains, on stderr."""

import time
from types import TracebackType
from typing import Any, Self

import keras
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from textgen.config.duration import format_duration
from textgen.config.generation import GenerationConfig
from textgen.config.training import METRICS
from textgen.model.network import get_weights
from textgen.runtime.decoder import Decoder
from textgen.runtime.generation import TextStream
from textgen.tokenization.tokenizer import Tokenizer

SECONDS_BETWEEN_LINES = 10.0
SECONDS_BETWEEN_SAMPLES = 30.0
SAMPLE_CHARACTERS = 240
SAMPLE_SEED = 0
SMOOTHING = 0.95  # of the loss shown


class TrainingDisplay(keras.callbacks.Callback):
    """A live bar on a terminal, plain lines elsewhere; a sample now and then.

    Args:
        tokenizer: turns the samples into text.
        quiet: show nothing.
    """

    def __init__(self, tokenizer: Tokenizer, *, quiet: bool = False) -> None:
        super().__init__()
        self._tokenizer = tokenizer
        self._quiet = quiet
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
        self._steps = 0
        self._loss = 0.0
        self._start = self._last_line = self._last_sample = time.monotonic()

    def __enter__(self) -> Self:
        self._console.print("compiling and timing the first steps ...", style="dim")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Start the bar, whose length is known now."""
        self._steps = int((logs or {})["steps"])  # Keras makes logs floats
        self._console.print(f"training for {self._steps:,} steps", highlight=False)
        self._start = self._last_line = self._last_sample = time.monotonic()
        self._task = self._bar.add_task("training", total=self._steps, status="")
        self._bar.start()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Advance the bar, or print a line now and then."""
        logs = logs or {}
        weight = SMOOTHING if batch else 0.0
        self._loss = weight * self._loss + (1 - weight) * logs["loss"]
        status = f"loss {self._loss:.3f}  {logs['tokens_per_second']:,.0f} tokens/s"
        self._bar.update(self._task, completed=batch + 1, status=status)
        now = time.monotonic()
        if not self._console.is_terminal and now - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = now
            left = (now - self._start) / (batch + 1) * (self._steps - batch - 1)
            step = f"step {batch + 1}/{self._steps}"
            self._console.print(f"{step}  {status}  {format_duration(left)} left", highlight=False)
        if now - self._last_sample >= SECONDS_BETWEEN_SAMPLES:
            self._show_sample()

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Say why the bar stands still."""
        self._bar.update(self._task, status="validating ...")

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """Print how good the model is now, and what it writes."""
        logs = logs or {}
        self._console.print(
            f"validation: {logs['nats_per_token']:.4f} nats per token, perplexity "
            f"{logs['perplexity']:.2f}, {logs['bits_per_byte']:.3f} bits per byte"
            + "".join(f", {name} {logs[name]:.4f}" for name in METRICS if name in logs),
            highlight=False,
            soft_wrap=True,
        )
        self._show_sample()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Take the bar away."""
        self._bar.stop()

    def _show_sample(self) -> None:
        """Write a little text with the weights as they are, the way `generate` would.

        One thread that does not spin, because TensorFlow holds the cores.
        """
        self._last_sample = time.monotonic()
        if self._quiet:
            return
        decoder = Decoder(self.model.config, get_weights(self.model), threads=1)
        config = GenerationConfig(max_new_tokens=SAMPLE_CHARACTERS)
        text = ""
        for piece in TextStream(decoder, self._tokenizer, "", config, SAMPLE_SEED):
            text += piece
            if len(text) >= SAMPLE_CHARACTERS:
                break
        self._console.print(escape(text.strip("\n")), style="dim", highlight=False, soft_wrap=True)
