"""A training that is not finished, as its last checkpoint tells: no arrays, no lock."""

from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from textgen.config.model import ModelConfig
from textgen.errors import TextgenError
from textgen.json_files import read_json
from textgen.trainer.beginning import Beginning
from textgen.trainer.checkpoint import FACTS
from textgen.trainer.run_folder import RunFolder


@dataclass(frozen=True)
class Unfinished:
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

    def to_dict(self) -> dict[str, Any]:
        """Return it as values that JSON can hold."""
        return asdict(self)


def read_unfinished(folder: Path) -> Unfinished | None:
    """Return how far the training in a folder is, or None if there is none, or it is finished.

    A trainer may be at work: a checkpoint that has gone meanwhile, or is damaged, is passed over.
    """
    run = RunFolder(folder)
    try:
        checkpoints = run.checkpoints()
    except (FileNotFoundError, NotADirectoryError):
        return None
    for path in reversed(checkpoints):
        with suppress(TextgenError, OSError, KeyError, TypeError, ValueError):
            return _as_saved(path, run.worker())
    return Unfinished(run.worker())


def _as_saved(path: Path, worker: str | None) -> Unfinished:
    """Return what a checkpoint tells.

    Raises:
        TextgenError, OSError, KeyError, TypeError, ValueError: it is not there, or not whole.
    """
    facts = read_json(path / FACTS)
    progress, best = facts["progress"], facts["progress"]["best"]
    written = datetime.fromtimestamp((path / FACTS).stat().st_mtime, UTC)
    quality = best and {
        "step": int(best["step"]),
        "nats_per_token": float(best["quality"]["nats_per_token"]),
    }
    return Unfinished(
        worker=worker,
        step=int(progress["steps"]),
        steps=int(progress["schedule"]["steps"]),
        saved=written.isoformat(timespec="seconds"),
        seconds=round(float(progress["seconds"]), 3),
        corpus=str(facts["corpus"]["name"]),
        best=quality,
        course=[(int(step), float(nats)) for step, nats in progress["course"]],
        resumed=[int(step) for step in progress["resumed"]],
        repeat=None if progress.get("changed_data") else _command(facts),
    )


def _command(facts: dict[str, Any]) -> str:
    """Return the command that repeats the run of a checkpoint.

    Raises:
        KeyError, UsageError: something is missing, or not what it should be.
    """
    begun = Beginning.on_record(
        ModelConfig.from_dict(facts["config"]), facts["corpus"], facts["training"],
        facts["init_from"],
    )  # fmt: skip
    return begun.command(int(facts["progress"]["schedule"]["steps"]))
