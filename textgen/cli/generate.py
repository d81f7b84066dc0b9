"""`textgen generate`: write text with a model."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from textgen.cli.options import config_options, model_option, quiet_option, require_model
from textgen.cli.prompt import read_prompt
from textgen.config.generation import GenerationConfig
from textgen.files import check_output, write_file

if TYPE_CHECKING:
    from textgen.runtime.generation import TextStream

BETWEEN_SAMPLES = "\n---\n"


@click.command(short_help="Write text with a model.")
@click.argument("prompt_argument", metavar="[PROMPT]", required=False)
@model_option
@click.option("-p", "--prompt", help="The prompt, as the argument; '-' reads standard input.")
@click.option(
    "-f", "--file", type=click.Path(path_type=Path, dir_okay=False), help="File with the prompt."
)
@config_options(GenerationConfig)
@click.option(
    "--num-samples",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    envvar="TEXTGEN_NUM_SAMPLES",
    help="How many texts to write; the n-th is drawn with the seed + n.",
)
@click.option("--echo", is_flag=True, envvar="TEXTGEN_ECHO", help="Put the prompt first.")
@click.option(
    "--stream/--no-stream",
    default=None,
    envvar="TEXTGEN_STREAM",
    help="Show the text while it is written.  [default: on a terminal]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each text.")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="Write to this file instead of stdout."
)
@quiet_option
def generate(
    prompt_argument: str | None,
    model: Path | None,
    prompt: str | None,
    file: Path | None,
    settings: dict[str, Any],
    num_samples: int,
    echo: bool,
    stream: bool | None,
    as_json: bool,
    out: Path | None,
    quiet: bool,
) -> None:
    """Continue PROMPT (or begin anew) with the text that a model finds likely.

    Only new text goes to stdout. The seed, which gives the same text again, goes to stderr.
    """
    from textgen.generator import TextGenerator

    if out is not None:
        check_output(out)
    text = read_prompt(prompt_argument, prompt, file)
    generator = TextGenerator.from_pretrained(require_model(model))
    begin = generator.tokenizer.clean(text) if echo else ""
    live = out is None and not as_json and (sys.stdout.isatty() if stream is None else stream)
    first = generator.stream(text, **settings)
    if not quiet:
        click.echo(f"seed {first.seed}", err=True)
    seeds = range(first.seed, first.seed + num_samples)
    runs = [generator.stream(text, **settings | {"seed": seed}) for seed in seeds]
    if live:
        _show(runs, begin)
        return
    _write_out(runs, quiet=quiet)
    if as_json:
        objects = (json.dumps(run.result().to_dict(), ensure_ascii=False) for run in runs)
        whole = "\n".join(objects) + "\n"
    else:
        whole = BETWEEN_SAMPLES.join(begin + run.result().text for run in runs) + "\n"
    if out is None:
        click.echo(whole, nl=False)
    else:
        write_file(out, whole.encode())


def _show(runs: "list[TextStream]", begin: str) -> None:
    """Print each text while it is written."""
    for number, run in enumerate(runs):
        click.echo((BETWEEN_SAMPLES if number else "") + begin, nl=False)
        for piece in run:
            click.echo(piece, nl=False)
    click.echo()


def _write_out(runs: "list[TextStream]", *, quiet: bool) -> None:
    """Let each text be written, with a progress bar on a terminal."""
    from textgen.cli.progress import token_progress

    total = sum(run.config.max_new_tokens for run in runs)
    with token_progress(total, hidden=quiet) as advance:
        for run in runs:
            for _ in run:
                advance(1)
