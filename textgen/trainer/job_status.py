"""The status of an unfinished training, read from its last checkpoint without arrays or lock."""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from textgen.artifact.run_settings import RunSettings
from textgen.config.model import ModelConfig
from textgen.errors import TextgenError
from textgen.json_files import read_json
from textgen.report.run_status import RunStatus
from textgen.trainer.checkpoint import FACTS
from textgen.trainer.job_folder import JobFolder


def read_run_status(folder: Path) -> RunStatus | None:
    """Return the status of the training in a folder; None if there is none, or it is finished.

    A trainer may be at work. A checkpoint that is gone by now, or damaged, is skipped.
    """
    run = JobFolder(folder)
    try:
        checkpoints = run.checkpoints()
    except (FileNotFoundError, NotADirectoryError):
        return None
    for path in reversed(checkpoints):
        with suppress(TextgenError, OSError, KeyError, TypeError, ValueError):
            return _as_saved(path, run.worker())
    return RunStatus(run.worker())


def _as_saved(path: Path, worker: str | None) -> RunStatus:
    """Return the status that a checkpoint holds.

    Raises:
        TextgenError, OSError, KeyError, TypeError, ValueError: it is missing or damaged.
    """
    facts = read_json(path / FACTS)
    progress, best = facts["progress"], facts["progress"]["best"]
    written = datetime.fromtimestamp((path / FACTS).stat().st_mtime, UTC)
    quality = best and {
        "step": int(best["step"]),
        "nats_per_token": float(best["quality"]["nats_per_token"]),
    }
    return RunStatus(
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
        KeyError, UsageError: a part is missing or wrong.
    """
    begun = RunSettings.on_record(
        ModelConfig.from_dict(facts["config"]),
        facts["corpus"],
        facts["training"],
        facts["init_from"],
    )
    return begun.command(int(facts["progress"]["schedule"]["steps"]))
