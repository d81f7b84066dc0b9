"""The status of an unfinished training."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class RunStatus:
    """The status of a training, by its last checkpoint; `unfinished` in `textgen info --json`.

    Attributes:
        worker: the process that seems to train in the folder now, if any.
        step: optimizer steps taken.
        steps: planned optimizer steps; None before the first checkpoint.
        saved: time of the checkpoint in UTC, in ISO 8601; None before the first checkpoint.
        seconds: duration of the run so far.
        corpus: its name; None before the first checkpoint.
        best: `step` and `nats_per_token` of the best validation, if there was one.
        course: step and nats per token of every validation.
        resumed: the steps at which the run was resumed.
        repeat: the command that repeats the run; None before the first checkpoint, and if the
            corpus has changed.
    """

    worker: str | None
    step: int = 0
    steps: int | None = None
    saved: str | None = None
    seconds: float = 0.0
    corpus: str | None = None
    best: dict[str, Any] | None = None
    course: list[tuple[int, float]] = field(default_factory=list)
    resumed: list[int] = field(default_factory=list)
    repeat: str | None = None
