"""The mode of `textgen generate` with --session: several calls write one text, kept in a file."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from textgen.cli.combinations import refuse_idle
from textgen.cli.generate_request import GenerateRequest
from textgen.cli.loading import load_generator
from textgen.cli.output import as_json_lines, as_texts, is_live, put_out, report_copy, show
from textgen.cli.progress import TokenProgress
from textgen.errors import UsageError
from textgen.files import check_output
from textgen.runtime.generation.result import Generation
from textgen.runtime.generation.text_stream import REMEMBERED
from textgen.session.saved_session import SavedSession
from textgen.session.session import Session
from textgen.session.session_stream import SessionStream
from textgen.signals import DeferredSignals


def continue_session(request: GenerateRequest, path: Path) -> None:
    """Generate some more of a session's text, and save the session, even after an error.

    The text does not end with a line feed, unless it goes to a terminal: the next text joins it.

    Args:
        request: the options.
        path: file of the session.

    Raises:
        UsageError: the file exists, or an impossible setting.
        MissingInput, DataError: the file is missing, damaged, or of another model.
    """
    prompt = request.read_prompt()
    session = _open(request, path)
    config, echo = session.config, prompt if request.echo else ""
    refuse_idle(config)
    end = "\n" if request.out is None and sys.stdout.isatty() else ""
    is_shown = not (request.as_json or request.out) and is_live(
        request.stream, endless=config.max_new_tokens < 0
    )
    session.feed(prompt)
    stream = session.stream(remembered=REMEMBERED if is_shown else None)
    if not request.quiet:
        click.echo(f"seed {config.seed}", err=True)
    # Saved from here on only: settings that the model cannot use leave no file.
    with _saved(session, path), DeferredSignals() as interruption:
        if is_shown:
            show(stream, interruption, begin=echo, end=end, quiet=request.quiet)
            report_copy(stream.result(), quiet=request.quiet)
        else:
            result = _collect(stream, config.max_new_tokens, interruption, quiet=request.quiet)
            results = [report_copy(result, quiet=request.quiet)]
            texts = as_json_lines(results) if request.as_json else as_texts(results, echo, end)
            put_out(texts, request.out)
        interruption.check()


def _open(request: GenerateRequest, path: Path) -> Session:
    """Begin a session, or resume the one in the file.

    A session that is resumed keeps its settings, except those that were chosen, and its precision,
    unless one was chosen. Its labels must be the same.
    """
    settings = request.read_settings()
    if request.goes_on:
        precision = request.precision or SavedSession.read(path).precision
        generator = load_generator(request.model, precision=precision, labels=request.labels)
        return generator.load_session(path, **settings)
    if path.exists():
        raise UsageError(f"{path}: exists already; -c goes on with it, or choose another name")
    check_output(path)
    return request.load_generator().session(**settings)


@contextmanager
def _saved(session: Session, path: Path) -> Iterator[None]:
    """Write the session to its file at the end, even after an error."""
    try:
        yield
    finally:
        session.save(path)


def _collect(
    stream: SessionStream, total: int, interruption: DeferredSignals, *, quiet: bool
) -> Generation:
    """Generate a whole text, with a progress bar on a terminal; return the result."""
    with TokenProgress(total, hidden=quiet) as progress:
        before = 0
        for _ in stream:
            progress.advance("writing", stream.written - before)
            before = stream.written
            if interruption.noted:
                stream.interrupt()
    return stream.result()
