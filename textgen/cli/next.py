"""`textgen next`: what may come next, and how likely it is."""

import json
from pathlib import Path
from typing import Any

import click

from textgen.cli.combinations import NEEDED, note_escapes, refuse_idle
from textgen.cli.command import command, option
from textgen.cli.options import config_options, label_option, model_option, precision_option
from textgen.cli.param_types import PathName
from textgen.cli.prompt import read_named_files, read_prompt
from textgen.config.generation import DEFAULT_NEXT_TOKENS, GenerationConfig


@command(name="next", short_help="Show the likeliest next tokens with their probabilities.")
@click.argument("prompt_argument", metavar="[PROMPT]", required=False)
@model_option()
@option(
    "-p", "--prompt", help="The prompt, in the place of the argument; '-' reads standard input."
)
@option("-f", "--file", type=PathName(is_file=True), help="File with the prompt.")
@option(
    "-k",
    "--count",
    type=click.IntRange(min=1),
    default=DEFAULT_NEXT_TOKENS,
    show_default=True,
    metavar="INTEGER",
    help="Number of tokens to show.",
)
@config_options(GenerationConfig)
@label_option
@precision_option()
@option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def next_(
    prompt_argument: str | None,
    model: Path,
    prompt: str | None,
    file: Path | None,
    count: int,
    settings: dict[str, Any],
    labels: tuple[str, ...],
    precision: str | None,
    as_json: bool,
) -> None:
    """Show the likeliest tokens after PROMPT.

    Each has two probabilities: under the model, and after all filters, as 'generate' samples it.
    """
    from textgen.cli.loading import load_generator

    note_escapes()
    text = read_prompt(prompt_argument, prompt, file)
    generator = load_generator(model, precision=precision, labels=labels)
    config = generator.configure(**read_named_files(settings))
    refuse_idle(config, NEEDED | {"max_new_tokens": ("a constraint", lambda c: bool(c.constraint))})
    tokens = generator.next(text, count, **config.to_dict())
    if as_json:
        click.echo(json.dumps([token.to_dict() for token in tokens], ensure_ascii=False))
        return
    width = max(len(text) for text in ("token", *(token.text for token in tokens)))
    click.echo(f"{'token':<{width}}  {'id':>6}  {'model':>7}  {'drawn':>7}")
    for token in tokens:
        shares = f"{token.probability:>7.2%}  {token.sampled:>7.2%}"
        click.echo(f"{token.text:<{width}}  {token.token:>6}  {shares}")
