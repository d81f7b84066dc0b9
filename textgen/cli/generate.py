"""`textgen generate`: generate text with a model."""

from typing import Any

import click

from textgen.cli.combinations import note_escapes
from textgen.cli.command import command, option
from textgen.cli.generate_request import GenerateRequest
from textgen.cli.options import (
    config_options,
    label_option,
    model_option,
    precision_option,
    quiet_option,
)
from textgen.cli.param_types import PathName
from textgen.config.cowriting import JOINING_TOKENS
from textgen.config.generation import GenerationConfig


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
def generate(**options: Any) -> None:
    """Continue PROMPT with text that a model generates; without PROMPT, begin a new text.

    Only new text goes to stdout. The seed, which gives the same text again, goes to stderr. Ctrl-C
    ends the text and keeps the part that is written.
    """
    request = GenerateRequest(**options)
    request.check()
    note_escapes()
    if request.between:
        from textgen.cli.infill import fill_gap

        fill_gap(request, *request.between)
    elif request.session:
        from textgen.cli.session_output import continue_session

        continue_session(request, request.session)
    else:
        from textgen.cli.texts import answer_rows, collect_texts, prepare, show_texts

        job = prepare(request)
        write = answer_rows if request.jsonl else show_texts if job.is_live else collect_texts
        write(job)
