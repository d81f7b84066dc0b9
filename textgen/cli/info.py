"""`textgen info`: the content of a model folder."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from textgen.cli.command import command, option
from textgen.cli.options import model_option
from textgen.config.generation import GenerationConfig
from textgen.errors import DataError

if TYPE_CHECKING:
    from textgen.artifact.model_folder import Model


@command(short_help="Show the content of a model folder.")
@model_option()
@option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def info(model: Path, as_json: bool) -> None:
    """Show a model's network, corpus, training and quality.

    For an unfinished training: its progress, and the command that resumes it.
    """
    from textgen.artifact.model_folder import MANIFEST, read_model
    from textgen.report.run_summary import status_rows
    from textgen.trainer.job_status import read_run_status

    unfinished = read_run_status(model)  # first, because a run that ends now leaves a model
    values: dict[str, Any] = {"model": str(model)}
    rows = {"model": str(model)}
    if unfinished is None or (model / MANIFEST).exists():
        loaded = read_model(model)
        values |= _values(loaded)
        rows |= _rows(loaded, model / MANIFEST)
    if unfinished is not None:
        values["unfinished"] = asdict(unfinished)
        diverged = values.get("training", {}).get("ended") == "diverged"
        rows |= status_rows(unfinished, model, diverged=diverged)
    lines = (f"{name:<11} {value}" for name, value in rows.items())
    click.echo(json.dumps(values) if as_json else "\n".join(lines))


def _values(model: "Model") -> dict[str, Any]:
    """Return the facts about a model as JSON values."""
    from textgen.report.run_summary import repeat_rows

    return {
        "config": model.config.to_dict(),
        "parameters": model.config.parameter_count(),
        "tokenizer": {"kind": model.tokenizer.kind, "normalize": model.tokenizer.normal_form},
        "generation": model.generation.to_dict(),
        **model.provenance,
        **repeat_rows(model),
    }


def _rows(model: "Model", manifest: Path) -> dict[str, str]:
    """Return the facts about a model as lines of text, by heading.

    Raises:
        DataError: the record of the training is damaged.
    """
    from textgen.report.run_summary import model_rows, repeat_rows, training_rows

    usual, always = GenerationConfig().to_dict(), ("max_new_tokens", "temperature")
    chosen = {k: v for k, v in model.generation.to_dict().items() if k in always or v != usual[k]}
    sampling = ", ".join(f"{name} {value}" for name, value in chosen.items())
    rows = model_rows(model) | {"sampling": sampling}
    if training := model.provenance.get("training"):
        try:
            rows |= training_rows(training) | repeat_rows(model)
        except (KeyError, TypeError, ValueError):
            raise DataError(
                f"{manifest}: damaged record of training; copy the model folder anew"
            ) from None
    return rows
