"""`textgen generate`: write text with a model."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from textgen.cli.options import (
    config_options,
    model_option,
    precision_option,
    quiet_option,
    require_model,
)
from textgen.cli.prompt import read_named_files, read_prompt, read_rows
from textgen.config.generation import GenerationConfig
from textgen.errors import UsageError
from textgen.files import check_output, write_file

if TYPE_CHECKING:
    from textgen.generator import TextGenerator
    from textgen.runtime.text_stream import TextStream


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
@precision_option()
@click.option("--echo", is_flag=True, envvar="TEXTGEN_ECHO", help="Put the prompt first.")
@click.option(
    "--stream/--no-stream",
    default=None,
    envvar="TEXTGEN_STREAM",
    help="Show the text while it is written.  [default: on a terminal, and where -n is -1]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each text.")
@click.option(
    "--jsonl",
    is_flag=True,
    help="Take a prompt from each line of -f FILE or standard input, a JSON text or an object with "
    "'prompt' and settings of its own, and print a JSON object for each.",
)
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="Write to this file instead of stdout."
)
@click.option(
    "--receipt",
    type=click.Path(path_type=Path),
    help="Write to this file how to get the same text again, for 'textgen replay'.",
)
@quiet_option
def generate(
    prompt_argument: str | None,
    model: Path | None,
    prompt: str | None,
    file: Path | None,
    settings: dict[str, Any],
    num_samples: int,
    precision: str | None,
    echo: bool,
    stream: bool | None,
    as_json: bool,
    jsonl: bool,
    out: Path | None,
    receipt: Path | None,
    quiet: bool,
) -> None:
    """Continue PROMPT (or begin anew) with the text that a model finds likely.

    Only new text goes to stdout. The seed, which gives the same text again, goes to stderr. Ctrl-C
    ends the text; what is written of it stays.
    """
    from textgen.cli.written import (
        as_json_lines,
        as_texts,
        collect,
        is_live,
        noting,
        put_out,
        show,
    )
    from textgen.generator import TextGenerator
    from textgen.runtime.generation import Generation

    _check_outputs(out, receipt)
    if jsonl:
        given = {"prompt": prompt_argument or prompt, "echo": echo, "receipt": receipt}
        _refuse_with_jsonl(given | {"num_samples": num_samples > 1})
    text = "" if jsonl else read_prompt(prompt_argument, prompt, file)
    folder = require_model(model)
    generator = TextGenerator.from_pretrained(folder, precision=precision)
    config = generator.configure(**read_named_files(settings))
    generator.stream(**config.to_dict())  # refuses what this model can write nothing with
    clean = generator.tokenizer.clean(text)
    begin = clean if echo else ""
    if not quiet:
        click.echo(f"seed {config.seed}", err=True)
    noted = list[Generation]()
    try:
        if not (jsonl or as_json or out) and is_live(stream, endless=config.max_new_tokens < 0):
            streams = _streams(generator, text, config, num_samples, whole=receipt is not None)
            noted.extend(show(streams, begin, quiet=quiet))
        else:
            rows = read_rows(file) if jsonl else [text] * num_samples
            total = -1 if jsonl else num_samples * config.max_new_tokens
            collected = collect(generator, rows, config, total=total, quiet=quiet)
            results = noting(collected, noted) if receipt else collected
            put_out(as_json_lines(results) if as_json or jsonl else as_texts(results, begin), out)
    finally:
        if receipt is not None and noted:
            made = Receipt.of(folder, generator, config, text, noted)
            write_file(receipt, made.to_json().encode())


def _refuse_with_jsonl(given: dict[str, Any]) -> None:
    """Refuse what has no meaning where each line is a generation of its own."""
    if names := [name for name, value in given.items() if value]:
        raise UsageError(f"jsonl and {names[0]} exclude each other; say it in the lines")


def _streams(
    generator: "TextGenerator",
    prompt: str,
    config: GenerationConfig,
    samples: int,
    *,
    whole: bool,
) -> "Iterator[TextStream]":
    """Yield the streams of all samples, one by one; `whole` if all of each is needed later."""
    settings = config.to_dict() | ({"remembered": None} if whole else {})
    for number in range(samples):
        yield generator.stream(prompt, **settings | {"seed": (config.seed or 0) + number})
