"""`textgen evaluate`: the quality of a model on a corpus."""

import json
from pathlib import Path
from typing import Any

import click

from textgen.cli.command import command, option
from textgen.cli.options import (
    config_options,
    label_option,
    model_option,
    precision_option,
    quiet_option,
)
from textgen.cli.param_types import CorpusName
from textgen.cli.progress import CorpusProgress
from textgen.config.corpus import SPLITS, DocumentRule


@command(short_help="Measure a model on a corpus.")
@click.argument("corpus", type=CorpusName())
@model_option()
@option(
    "--split",
    type=click.Choice(("all", *SPLITS)),
    default="all",
    show_default=True,
    help="Split of the corpus to measure, cut by the rule of the model's own corpus.",
)
@config_options(DocumentRule)
@label_option
@precision_option("fp32")
@option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@quiet_option
def evaluate(
    corpus: str,
    model: Path,
    split: str,
    settings: dict[str, Any],
    labels: tuple[str, ...],
    precision: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Measure a model on CORPUS: perplexity, bits per byte and per character.

    Every token is predicted once, in one pass that carries the state through the whole text.
    CORPUS is read with the settings of the model's own corpus, unless options change them.
    """
    from textgen.cli.loading import load_generator

    generator = load_generator(model, precision=precision, labels=labels)
    with CorpusProgress(quiet) as progress:
        quality = generator.evaluate(corpus, split=split, progress=progress, **settings)
    if as_json:
        click.echo(json.dumps(quality.to_dict()))
        return
    for name, value in quality.to_dict().items():
        shown = f"{value:,}" if isinstance(value, int) else f"{value:.4f}"
        click.echo(f"{name.replace('_', ' '):<20} {shown:>14}")
