"""How far an unfinished training run is."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class RunStatus:
    """How far a training is; what `textgen info --json` shows as `unfinished`.

    Attributes:
        worker: who trains in the folder now, if anybody seems to.
        step: optimizer steps taken, as saved.
        steps: planned ones; None before the first checkpoint.
        saved: when that was, in UTC, as ISO 8601 has it; None before the first checkpoint.
        seconds: of the run so far.
        corpus: its name; None before the first checkpoint.
        best: `step` and `nats_per_token` of the best validation, if there was one.
        course: step and nats per token of every validation.
        resumed: the steps at which the run was taken up again.
        repeat: the command that gives what will come out again; None before the first checkpoint,
            and where the corpus has become another one.
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
