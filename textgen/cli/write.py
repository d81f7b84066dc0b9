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
    """Write FILE together with a model, or continue it.

    Tab proposes continuations side by side; you can accept all of one, a line or a word. FILE holds
    the current text, and FILE.tree.json all branches. The bottom of the screen lists the keys.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("write needs a terminal; 'textgen generate' does not")
    from textgen.cli.loading import load_generator

    note_escapes()
    generator = load_generator(model, precision=precision, labels=labels)
    co_writer, document = _open(file, generator, settings)
    screen = _screen(co_writer, document)
    # A closed terminal ends the command as SIGTERM does.
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
    """Read the document; chosen settings replace those of the document."""
    from textgen.cowriter.cowriter import CoWriter
    from textgen.cowriter.document import Document
    from textgen.cowriter.tree import TextTree

    document = Document(file) if file else None
    if document and not document.exists:
        check_output(document.path)
    tree, saved = document.read() if document else (TextTree(), {})
    all_settings: dict[str, Any] = {"max_new_tokens": PROPOSED_TOKENS, **saved, **settings}
    choices = {n: all_settings.pop(n) for n in CowritingConfig.names() if n in all_settings}
    config = generator.configure(**all_settings)
    refuse_idle(config)
    if config.beams > 1 and choices.get("choices") != 1:
        raise UsageError("beam search proposes a single text; add --choices 1")
    return CoWriter(generator, tree, config, CowritingConfig(**choices)), document


def _screen(co_writer: "CoWriter", document: "Document | None") -> "Screen":
    """Return the screen.

    Raises:
        NotInstalled: prompt_toolkit is not installed.
    """
    try:
        from textgen.cowriter.screen import Screen
    except ModuleNotFoundError as error:
        raise NotInstalled("write", "prompt_toolkit", "write") from error
    return Screen(co_writer, document)


def _rescue(screen: "Screen") -> None:
    """Save the text after a crash or a signal.

    Raises:
        OSError: the files cannot be written.
    """
    from textgen.cowriter.document import Document

    if screen.document is None:
        names = (Path(f"unsaved-{number}.txt") for number in count(1))
        documents = (Document(path) for path in names)
        screen.document = next(document for document in documents if not document.exists)
    screen.document.write(screen.co_writer.tree, **screen.co_writer.settings)
    click.echo(f"the text is kept in {screen.document.path}", err=True)
