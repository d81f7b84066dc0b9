"""`textgen generate`: write text with a model."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from textgen.cli.options import config_options, model_option, quiet_option, require_model
from textgen.config.corpus import TextPolicy
from textgen.config.generation import GenerationConfig
from textgen.errors import DataError, UsageError
from textgen.files import refuse_existing, write_file

BETWEEN_SAMPLES = "\n---\n"


@click.command()
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
        refuse_existing(out)
    text = _read_prompt(prompt_argument, prompt, file)
    generator = TextGenerator.from_pretrained(require_model(model))
    begin = generator.tokenizer.clean(text) if echo else ""
    live = out is None and not as_json and (sys.stdout.isatty() if stream is None else stream)
    first = generator.stream(text, **settings)
    if not quiet:
        click.echo(f"seed {first.seed}", err=True)
    written: list[str] = []
    for number in range(num_samples):
        run = generator.stream(text, **settings | {"seed": first.seed + number})
        written.append(BETWEEN_SAMPLES if number and not as_json else "")
        if live:
            click.echo(written[-1] + begin, nl=False)
        for piece in run:
            if live:
                click.echo(piece, nl=False)
        result = run.result()
        if as_json:
            written.append(json.dumps(result.to_dict(), ensure_ascii=False) + "\n")
        else:
            written.append(begin + result.text)
    _finish("".join(written), live=live, out=out, newline=not as_json)


def _finish(text: str, *, live: bool, out: Path | None, newline: bool) -> None:
    """Write what has not been shown yet, and close the last line."""
    if out is not None:
        write_file(out, (text + "\n" * newline).encode())
    elif live:
        click.echo()
    else:
        click.echo(text, nl=newline)


def _read_prompt(argument: str | None, option: str | None, file: Path | None) -> str:
    """Return the prompt from the one place where it was given; empty if from none."""
    given = [source for source in (argument, option, file) if source is not None]
    if len(given) > 1:
        raise UsageError("more than one prompt; give it as argument, with -p or with -f")
    if file is not None:
        from textgen.tokenization.reader import read_text

        return "".join(read_text(file, TextPolicy(normalize="none")))
    text = option if option is not None else argument or ""
    if text != "-":
        return text
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as error:
        raise DataError(f"standard input: byte {error.start} is not utf-8") from None
