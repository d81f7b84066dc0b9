"""The story of a run in words, as rows of a name and a value: for `info` and the report."""

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from textgen.artifact.card import tell_precision
from textgen.artifact.model_folder import Model
from textgen.artifact.run_settings import RunSettings
from textgen.config.duration import format_duration
from textgen.errors import DataError
from textgen.report.run_status import RunStatus

SHOWN = 5  # validations of a course
# What models from before it was written down are taken to say.
UNTOLD: dict[str, Any] = {
    **{"ended": "ended", "seconds_saving": 0.0, "validation_tokens": 0, "course": []},
    **{"resumed": [], "init_from": None, "versions": {}},
}
Item = TypeVar("Item")


def model_rows(model: Model) -> dict[str, str]:
    """Tell what a model is and what it was made of."""
    config, tokenizer = model.config, model.tokenizer
    rows = {
        "network": config.summary(),
        "parameters": f"{config.parameter_count():,}",
        "tokens": f"{tokenizer.kind}, {config.vocab_size:,} types, text {tokenizer.normal_form}",
    }
    if precision := model.provenance.get("precision"):
        rows["precision"] = tell_precision(precision)
    if corpus := model.provenance.get("corpus"):
        rows["corpus"] = f"{corpus['name']} (licence: {corpus['licence']})"
        rows["split"] = corpus["cut"]
    return rows


def training_rows(record: dict[str, Any]) -> dict[str, str]:
    """Tell how a run went that has left a model.

    Args:
        record: the `TrainingRecord`, as the model's manifest holds it.

    Raises:
        KeyError, TypeError, ValueError: it is damaged.
    """
    told = UNTOLD | record
    rows = {
        "training": f"{told['ended']} after {told['steps_done']:,} of {told['steps']:,} steps, "
        f"{told['epochs']:g} epochs, {format_duration(told['seconds'])}, "
        f"{told['tokens_per_second']:,.0f} tokens/s"
    }
    if begun := told["init_from"]:
        rows["began with"] = f"the weights of {begun['model']} (SHA-256 {begun['sha256'][:12]}...)"
    if told["resumed"]:
        rows["resumed"] = f"at step {_list(told['resumed'])}"
    if told["seconds_saving"]:
        saving = told["seconds_saving"]
        share = saving / max(saving, told["seconds"])
        rows["checkpoints"] = f"{saving:.2f}s, {share:.1%} of the time"
    if told["course"]:
        rows["validation"] = f"{_course(told['course'])}, best at {told['best_step']:,}"
    rows["quality"] = _quality(told)
    if told["versions"]:
        rows["versions"] = ", ".join(
            version if name == "machine" else f"{name} {version}"
            for name, version in told["versions"].items()
        )
    return rows


def repeat_rows(model: Model) -> dict[str, str]:
    """Tell the command that gives a model's weights again, if its training is on record."""
    record = model.provenance.get("training")
    if not record:
        return {}
    if changed := record.get("changed_data"):
        return {
            "repeat": f"no command does: its corpus was another one from step {changed[0]:,} on"
        }
    try:
        return {"repeat": RunSettings.of_model(model).command(record["steps"])}
    except DataError as error:
        return {"repeat": f"not known: {error}"}


def status_rows(unfinished: RunStatus, folder: Path, *, diverged: bool) -> dict[str, str]:
    """Tell how far a run is, and how to go on with it.

    Args:
        unfinished: the run.
        folder: where it is.
        diverged: whether it has; then it would again, because it repeats itself.
    """
    rows = {"unfinished": "no checkpoint yet"}
    if unfinished.steps and unfinished.saved:
        age = (datetime.now(UTC) - datetime.fromisoformat(unfinished.saved)).total_seconds()
        rows["unfinished"] = (
            f"step {unfinished.step:,} of {unfinished.steps:,} "
            f"({unfinished.step / unfinished.steps:.0%}), on {unfinished.corpus}, "
            f"saved {format_duration(max(0.0, age))} ago"
        )
        rows["so far"] = _course(unfinished.course) if unfinished.course else "no validation yet"
    if best := unfinished.best:
        rows["so far"] += f", best at {best['step']:,}"
    if unfinished.resumed:
        rows["resumed"] = f"at step {_list(unfinished.resumed)}"
    path = shlex.quote(str(folder))
    if unfinished.worker:
        rows["at work"] = unfinished.worker
    elif diverged:
        rows["go on"] = f"textgen train CORPUS -o OTHER --init-from {path}, less --learning-rate"
    else:
        rows["go on"] = f"textgen train CORPUS -o {path} --resume"
    if unfinished.repeat:
        rows["repeat"] = unfinished.repeat
    return rows


def spread(items: Sequence[Item], most: int) -> list[Item]:
    """Return at most so many items, evenly spread, the first and the last among them.

    Args:
        items: in their order.
        most: at least 2.
    """
    if len(items) <= most:
        return list(items)
    return [items[round(number * (len(items) - 1) / (most - 1))] for number in range(most)]


def _course(course: Sequence[tuple[int, float]]) -> str:
    """Say how the validation went: `2.31 (step 30) → 1.62 (150) → 1.44 (300)`."""
    (step, nats), *rest = spread(course, SHOWN)
    return " → ".join([f"{nats:.2f} (step {step:,})", *(f"{n:.2f} ({s:,})" for s, n in rest)])


def _quality(told: dict[str, Any]) -> str:
    """Say how good the kept weights are."""
    quality = told["validation"]
    parts = [
        f"{quality['nats_per_token']:.4f} nats per token",
        f"perplexity {quality['perplexity']:.2f}",
        f"{quality['bits_per_byte']:.4f} bits per byte",
        f"{quality['bits_per_character']:.4f} bits per character",
        *(f"{name} {value}" for name, value in told.get("metrics", {}).items()),
    ]
    if told["validation_tokens"]:
        parts.append(f"on {told['validation_tokens']:,} validation tokens")
    return ", ".join(parts)


def _list(steps: Sequence[int]) -> str:
    """Write numbers as `1`, `1 and 2` or `1, 2 and 3`."""
    *first, last = [f"{step:,}" for step in steps]
    return f"{', '.join(first)} and {last}" if first else last
