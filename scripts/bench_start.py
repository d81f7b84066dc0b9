#!/usr/bin/env python
"""Measures what decides the start of a training: bits per byte of the base model and of bzip2.

    .venv/bin/python scripts/bench_start.py DATA [FILE]... [--json]

DATA is as for `bench_finetune.py`, whose texts are measured, each by its first characters; so are
WikiText-2 and any FILE. A training starts from the base model if the ratio is at most 1.1.
"""

import json
from pathlib import Path

import click
from benchmarks.short_texts import texts

from textgen.artifact.model_folder import read_model
from textgen.config.start import BASES, USUAL_BASE
from textgen.trainer.suitability import suitability_of


@click.command(help=__doc__)
@click.argument("data", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("files", type=click.Path(path_type=Path, exists=True), nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def main(data: Path, files: tuple[Path, ...], as_json: bool) -> None:
    """Measure every text."""
    model = read_model(BASES[USUAL_BASE])
    others = {path.stem: path.read_text("utf-8") for path in files}
    wikitext = {"wikitext-2": (data / "wikitext-2" / "train.txt").read_text("utf-8")}
    for name, text in (texts(data) | wikitext | others).items():
        found = suitability_of(model, [text])
        if found is None:
            raise click.ClickException(f"{name}: no text")
        ratio = found.model / found.bzip2
        row = {"case": name, **found._asdict(), "ratio": ratio, "is_enough": found.is_enough}
        line = f"| {name} | {found.model:.2f} | {found.bzip2:.2f} | {ratio:.2f} |"
        click.echo(json.dumps(row) if as_json else line)


if __name__ == "__main__":
    main()
