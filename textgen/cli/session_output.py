"""A text that is written by several calls of `textgen generate`, and kept in a file between."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from textgen.cli.combinations import refuse_idle
from textgen.cli.loading import load_generator
from textgen.cli.output import as_json_lines, as_texts, is_live, put_out, show, tell_copy
from textgen.cli.progress import TokenProgress
from textgen.errors import UsageError
from textgen.files import check_output
from textgen.runtime.generation.text_stream import REMEMBERED
from textgen.session.saved_session import SavedSession
from textgen.session.session import Session
from textgen.session.session_stream import SessionStream
from textgen.signals import DeferredSignals


def open_kept(
    model: Path,
    path: Path,
    settings: dict[str, Any],
    *,
    precision: str | None,
    labels: tuple[str, ...],
    goes_on: bool,
) -> Session:
    """Begin a session that will be kept in a file, or go on with the one that is.

    Args:
        model: folder.
        path: of the file.
        settings: that were chosen; of a session that goes on, they replace its own.
        precision: that was chosen; of a session that goes on, it is its own if none was.
        labels: that were chosen; of a session that goes on, they must be the same.
        goes_on: whether the file is there.

    Raises:
        UsageError: a file is in the way, or an impossible setting.
        MissingInput, DataError: the file is not there, damaged, or of another model.
    """
    if goes_on:
        precision = precision or SavedSession.read(path).precision
        generator = load_generator(model, precision=precision, labels=labels)
        return generator.load_session(path, **settings)
    if path.exists():
        raise UsageError(f"{path}: exists already; -c goes on with it, or choose another name")
    check_output(path)
    return load_generator(model, precision=precision, labels=labels).session(**settings)


def write_kept(
    session: Session,
    prompt: str,
    path: Path,
    *,
    begin: str,
    live: bool | None,
    as_json: bool,
    out: Path | None,
    quiet: bool,
) -> None:
    """Write some more of a session's text, and keep what was written, whatever ends it.

    The text is not closed with a line feed, unless a person sees it: what comes next joins it.
    """
    config = session.config
    refuse_idle(config)
    end = "\n" if out is None and sys.stdout.isatty() else ""
    is_shown = not (as_json or out) and is_live(live, endless=config.max_new_tokens < 0)
    session.feed(prompt)
    stream = session.stream(remembered=REMEMBERED if is_shown else None)
    if not quiet:
        click.echo(f"seed {config.seed}", err=True)
    with _kept(session, path):  # not before: settings that the model cannot keep leave no file
        if is_shown:
            for result in show([stream], begin, quiet=quiet, end=end):
                tell_copy(result, quiet=quiet)
            return
        with DeferredSignals() as interruption:
            _write(stream, config.max_new_tokens, interruption, quiet=quiet)
            results = [tell_copy(stream.result(), quiet=quiet)]
            put_out(as_json_lines(results) if as_json else as_texts(results, begin, end), out)
            interruption.check()


@contextmanager
def _kept(session: Session, path: Path) -> Iterator[None]:
    """Write the session to its file, whatever happens."""
    try:
        yield
    finally:
        session.save(path)


def _write(
    stream: SessionStream, total: int, interruption: DeferredSignals, *, quiet: bool
) -> None:
    """Write a whole text, with a progress bar on a terminal."""
    with TokenProgress(total, hidden=quiet) as progress:
        before = 0
        for _ in stream:
            progress.advance("writing", stream.written - before)
            before = stream.written
            if interruption.noted:
                stream.interrupt()
