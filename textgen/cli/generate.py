"""`textgen generate`: write text with a model."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from textgen.cli.combinations import note_escapes, refuse_idle
from textgen.cli.command import command, option
from textgen.cli.jsonl_input import read_bursts
from textgen.cli.options import (
    config_options,
    label_option,
    model_option,
    precision_option,
    quiet_option,
)
from textgen.cli.param_types import PathName
from textgen.cli.prompt import read_named_files, read_prompt
from textgen.config.cowriting import JOINING_TOKENS
from textgen.config.generation import GenerationConfig
from textgen.errors import UsageError
from textgen.files import check_output, write_output

if TYPE_CHECKING:
    from textgen.receipt.receipt import Receipt
    from textgen.runtime.generation.result import Generation


@command(short_help="Write text with a model.")
@click.argument("prompt_argument", metavar="[PROMPT]", required=False)
@model_option()
@option(
    "-p", "--prompt", help="The prompt, in the place of the argument; '-' reads standard input."
)
@option("-f", "--file", type=PathName(is_file=True), help="File with the prompt.")
@config_options(GenerationConfig)
@option(
    "--session",
    group="Sessions and infilling",
    type=PathName(is_file=True),
    help="Save the state of the text in this file, a few kilobytes; -c resumes from it.",
)
@option(
    "-c",
    "--continue",
    "goes_on",
    group="Sessions and infilling",
    is_flag=True,
    help="Resume from --session FILE, with its settings, at the exact character; PROMPT is read "
    "first. A constraint, such as --regex, starts again.",
)
@option(
    "--between",
    group="Sessions and infilling",
    nargs=2,
    metavar="A B",
    help=f"Infilling: write the text between text A and text B, in at most -n tokens (default "
    f"{JOINING_TOKENS}), instead of continuing PROMPT.",
)
@option(
    "--num-samples",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="INTEGER",
    help="Number of texts; each one has the next seed.",
)
@label_option
@precision_option()
@option("--echo", group="Output", is_flag=True, help="Print the prompt before the text.")
@option(
    "--stream/--no-stream",
    group="Output",
    default=None,
    help="Print the text while it is generated.  [default: on a terminal, and if -n is -1]",
)
@option(
    "--json", "as_json", group="Output", is_flag=True, help="Print one JSON object for each text."
)
@option(
    "--jsonl",
    group="Output",
    is_flag=True,
    help="Batch: read one prompt from each line of -f FILE or standard input, a JSON string or an "
    "object with 'prompt' and its own settings; print one JSON object for each.",
)
@option(
    "-o",
    "--out",
    type=PathName(is_file=True),
    help="Write the text to this file instead of stdout.",
)
@option(
    "--receipt",
    group="Output",
    type=PathName(is_file=True),
    help="Write a receipt to this file; 'textgen replay' generates the same text from it.",
)
@quiet_option
def generate(
    prompt_argument: str | None,
    model: Path,
    prompt: str | None,
    file: Path | None,
    settings: dict[str, Any],
    session: Path | None,
    goes_on: bool,
    between: tuple[str, str] | None,
    num_samples: int,
    labels: tuple[str, ...],
    precision: str | None,
    echo: bool,
    stream: bool | None,
    as_json: bool,
    jsonl: bool,
    out: Path | None,
    receipt: Path | None,
    quiet: bool,
) -> None:
    """Continue PROMPT with text that a model generates; without PROMPT, begin a new text.

    Only new text goes to stdout. The seed, which gives the same text again, goes to stderr. Ctrl-C
    ends the text and keeps the part that is written.
    """
    from textgen.cli.loading import load_generator
    from textgen.cli.output import (
        as_json_lines,
        as_texts,
        begin_each,
        collect,
        is_live,
        put_out,
        show,
        tell_copy,
    )
    from textgen.receipt.receipt import Receipt

    _check_outputs(out, receipt, session)
    if goes_on and not session:
        raise UsageError("-c goes on with a session; name its file with --session")
    note_escapes()
    if between:
        from textgen.cli.infill import write_between

        write_between(
            load_generator(model, precision=precision, labels=labels),
            between,
            read_named_files(settings),
            echo=echo,
            as_json=as_json,
            out=out,
            quiet=quiet,
        )
        return
    text = "" if jsonl else read_prompt(prompt_argument, prompt, file)
    if session:
        from textgen.cli.session_output import open_kept, write_kept

        text_state = open_kept(
            model,
            session,
            read_named_files(settings),
            precision=precision,
            labels=labels,
            goes_on=goes_on,
        )
        write_kept(
            text_state,
            text,
            session,
            begin=text if echo else "",
            live=stream,
            as_json=as_json,
            out=out,
            quiet=quiet,
        )
        return
    generator = load_generator(model, precision=precision, labels=labels)
    config = generator.configure(**read_named_files(settings))
    if not jsonl:  # whose rows have settings of their own
        refuse_idle(config)
    generator.stream(**config.to_dict())  # refuses what this model can write nothing with
    clean = generator.tokenizer.clean_prompt(text)
    begin = clean if echo else ""
    with _receipt(receipt, partial(Receipt.of, model, generator, config, text)) as note:
        if not quiet:
            click.echo(f"seed {config.seed}", err=True)
        if not (jsonl or as_json or out) and is_live(stream, endless=config.max_new_tokens < 0):
            streams = begin_each(generator, text, config, num_samples, whole=receipt is not None)
            for result in show(streams, begin, quiet=quiet):
                note(tell_copy(result, quiet=quiet))
            return
        results = collect(
            generator,
            read_bursts(file) if jsonl else [repeat(text, num_samples)],
            config,
            total=-1 if jsonl else num_samples * config.max_new_tokens,
            quiet=quiet,
            beside=out is None and sys.stdout.isatty(),
        )
        noted = (note(tell_copy(result, quiet=quiet)) for result in results)
        put_out(as_json_lines(noted) if as_json or jsonl else as_texts(noted, begin), out)


def _check_outputs(out: Path | None, receipt: Path | None, session: Path | None) -> None:
    """Refuse files that cannot be written, before there is something to write."""
    if out and out == receipt:
        raise UsageError(f"{out} cannot hold both the text and its receipt; name another file")
    if out and out == session:
        raise UsageError(f"{out} cannot hold both the text and its state; name another file")
    for path in filter(None, (out, receipt)):
        check_output(path)


@contextmanager
def _receipt(
    path: Path | None, make: "Callable[[Sequence[Generation]], Receipt]"
) -> "Iterator[Callable[[Generation], Generation]]":
    """Yield what notes a text and returns it; write a receipt of all, even after an error."""
    noted = list["Generation"]()

    def note(result: "Generation") -> "Generation":
        if path and not result.error:
            noted.append(result)
        return result

    if path:
        make([]).to_json()  # too long a prompt is refused before the work
    try:
        yield note
    finally:
        if path and noted:
            write_output(path, make(noted).to_json().encode())
