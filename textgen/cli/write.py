"""`textgen write`: write a text together with a model."""

import signal
import sys
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from textgen.cli.combinations import note_escapes, refuse_idle
from textgen.cli.command import command
from textgen.cli.options import config_options, label_option, model_option, precision_option
from textgen.cli.param_types import PathName
from textgen.config.cowriting import PROPOSED_TOKENS, CowritingConfig
from textgen.config.generation import GenerationConfig
from textgen.errors import NotInstalled, UsageError
from textgen.files import check_output

if TYPE_CHECKING:
    from textgen.cowriter.cowriter import CoWriter
    from textgen.cowriter.document import Document
    from textgen.cowriter.screen import Screen
    from textgen.generator import TextGenerator


@command(short_help="Write a text together with a model, at a terminal.")
@click.argument("file", type=PathName(is_file=True), required=False)
@model_option()
@config_options(CowritingConfig, GenerationConfig, shown={"max_new_tokens": PROPOSED_TOKENS})
@label_option
@precision_option()
def write(
    file: Path | None,
    model: Path,
    settings: dict[str, Any],
    labels: tuple[str, ...],
    precision: str | None,
) -> None:
    """Write FILE together with a model, or go on with it.

    Tab proposes continuations, side by side, of which all, a line or a word can be taken. All
    branches are kept in FILE.tree.json; the text that is read is FILE. The keys stand at the bottom
    of the screen.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("write needs a terminal; 'textgen generate' does not")
    from textgen.cli.loading import load_generator

    note_escapes()
    generator = load_generator(model, precision=precision, labels=labels)
    co_writer, document = _open(file, generator, settings)
    screen = _screen(co_writer, document)
    # The end of the terminal ends the command as SIGTERM does.
    before = signal.signal(signal.SIGHUP, signal.getsignal(signal.SIGTERM))
    try:
        screen.run()
    finally:
        signal.signal(signal.SIGHUP, before)
        if not (screen.is_saved or screen.is_abandoned):
            _rescue(screen)


def _open(
    file: Path | None, generator: "TextGenerator", settings: dict[str, Any]
) -> "tuple[CoWriter, Document | None]":
    """Read what is there; what was chosen now replaces the settings that it was written with."""
    from textgen.cowriter.cowriter import CoWriter
    from textgen.cowriter.document import Document
    from textgen.cowriter.tree import TextTree

    document = Document(file) if file else None
    if document and not document.is_there:
        check_output(document.path)
    tree, known = document.read() if document else (TextTree(), {})
    all_settings: dict[str, Any] = {"max_new_tokens": PROPOSED_TOKENS, **known, **settings}
    choices = {n: all_settings.pop(n) for n in CowritingConfig.names() if n in all_settings}
    config = generator.configure(**all_settings)
    refuse_idle(config)
    if config.beams > 1 and choices.get("choices") != 1:
        raise UsageError("beams find one text, and choices are several; add --choices 1")
    return CoWriter(generator, tree, config, CowritingConfig(**choices)), document


def _screen(co_writer: "CoWriter", document: "Document | None") -> "Screen":
    """Return the screen.

    Raises:
        NotInstalled: the library is not there.
    """
    try:
        from textgen.cowriter.screen import Screen
    except ModuleNotFoundError as error:
        raise NotInstalled("write", "prompt_toolkit", "write") from error
    return Screen(co_writer, document)


def _rescue(screen: "Screen") -> None:
    """Keep what an end that nobody wanted would lose.

    Raises:
        OSError: the disk refused.
    """
    from textgen.cowriter.document import Document

    if screen.document is None:
        names = (Path(f"unsaved-{number}.txt") for number in count(1))
        documents = (Document(path) for path in names)
        screen.document = next(one for one in documents if not one.is_there)
    screen.document.write(screen.co_writer.tree, **screen.co_writer.settings)
    click.echo(f"the text is kept in {screen.document.path}", err=True)
