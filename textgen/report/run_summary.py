"""The summary of a run as rows of a name and a value, for `info` and the report."""

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from textgen.artifact.card import describe_copying, describe_precision
from textgen.artifact.model_folder import Model
from textgen.artifact.provenance import TrainingRecord
from textgen.artifact.run_settings import RunSettings
from textgen.config.duration import format_duration
from textgen.errors import DataError
from textgen.report.run_status import RunStatus

SHOWN = 5  # validations of a course that are shown
Item = TypeVar("Item")


def model_rows(model: Model) -> dict[str, str]:
    """Describe a model and its corpus."""
    config, tokenizer = model.config, model.tokenizer
    rows = {
        "network": config.summary(),
        "parameters": f"{config.parameter_count():,}",
        "tokens": f"{tokenizer.kind}, {config.vocab_size:,} types, text {tokenizer.normal_form}",
    }
    if precision := model.provenance.precision:
        rows["precision"] = describe_precision(precision)
    if copying := model.provenance.copying:
        rows["copying"] = describe_copying(copying)
    if corpus := model.provenance.corpus:
        rows["corpus"] = f"{corpus.name} (licence: {corpus.licence})"
        rows["split"] = corpus.cut
    return rows


def training_rows(record: TrainingRecord) -> dict[str, str]:
    """Describe a run that has left a model."""
    rows = {
        "training": f"{record.ended or 'ended'} after {record.steps_done:,} of "
        f"{record.steps:,} steps, {record.epochs:g} epochs, {format_duration(record.seconds)}, "
        f"{record.tokens_per_second:,.0f} tokens/s"
    }
    if begun := record.init_from:
        rows["began with"] = f"the weights of {begun['model']} (SHA-256 {begun['sha256'][:12]}...)"
        if before := record.first_bits_per_byte:
            rows["began with"] += f", {before:.3f} bits per byte"
    if record.resumed:
        rows["resumed"] = f"at step {_list(record.resumed)}"
    if record.seconds_saving:
        share = record.seconds_saving / max(record.seconds_saving, record.seconds)
        rows["checkpoints"] = f"{record.seconds_saving:.2f}s, {share:.1%} of the time"
    if record.course:
        rows["validation"] = f"{_course(record.course)}, best at {record.best_step:,}"
    rows["quality"] = _quality(record)
    if record.versions:
        rows["versions"] = ", ".join(
            version if name == "machine" else f"{name} {version}"
            for name, version in record.versions.items()
        )
    return rows


def repeat_rows(model: Model) -> dict[str, str]:
    """Return the command that trains a model's weights again, if its training is on record."""
    record = model.provenance.training
    if not record:
        return {}
    if changed := record.changed_data:
        return {
            "repeat": f"no command does: its corpus was another one from step {changed[0]:,} on"
        }
    try:
        return {"repeat": RunSettings.of_model(model).command(record.steps)}
    except DataError as error:
        return {"repeat": f"not known: {error}"}


def status_rows(unfinished: RunStatus, folder: Path, *, diverged: bool) -> dict[str, str]:
    """Describe the status of a run, and the command to continue it.

    Args:
        unfinished: status of the run.
        folder: of the run.
        diverged: whether the run has diverged. A resumed one would diverge again.
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
        rows["go on"] = f"textgen train CORPUS -o OTHER --from {path}, less --learning-rate"
    else:
        rows["go on"] = f"textgen train CORPUS -o {path} --resume"
    if unfinished.repeat:
        rows["repeat"] = unfinished.repeat
    return rows


def spread(items: Sequence[Item], most: int) -> list[Item]:
    """Return evenly spread items, with the first and the last among them.

    Args:
        items: in their order.
        most: the most items to return, at least 2.
    """
    if len(items) <= most:
        return list(items)
    return [items[round(number * (len(items) - 1) / (most - 1))] for number in range(most)]


def _course(course: Sequence[tuple[int, float]]) -> str:
    """Describe a course of validations: `2.31 (step 30) → 1.62 (150) → 1.44 (300)`."""
    (step, nats), *rest = spread(course, SHOWN)
    return " → ".join([f"{nats:.2f} (step {step:,})", *(f"{n:.2f} ({s:,})" for s, n in rest)])


def _quality(record: TrainingRecord) -> str:
    """Describe the quality of the kept weights."""
    quality = record.validation
    parts = [
        f"{quality['nats_per_token']:.4f} nats per token",
        f"perplexity {quality['perplexity']:.2f}",
        f"{quality['bits_per_byte']:.4f} bits per byte",
        f"{quality['bits_per_character']:.4f} bits per character",
        *(f"{name} {value}" for name, value in record.metrics.items()),
    ]
    if record.validation_tokens:
        parts.append(f"on {record.validation_tokens:,} validation tokens")
    return ", ".join(parts)


def _list(steps: Sequence[int]) -> str:
    """Format numbers as `1`, `1 and 2` or `1, 2 and 3`."""
    *first, last = [f"{step:,}" for step in steps]
    return f"{', '.join(first)} and {last}" if first else last
