"""Texts on their way to a person: while they are written, or when they are whole."""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from textgen.cli.progress import token_progress
from textgen.config.generation import GenerationConfig
from textgen.errors import DataError
from textgen.files import write_file
from textgen.interruption import Interruption

if TYPE_CHECKING:
    from textgen.generator import TextGenerator
    from textgen.runtime.generation import Generation
    from textgen.runtime.rows import Row
    from textgen.runtime.text_stream import TextStream

BETWEEN_SAMPLES = "\n---\n"


def is_live(stream: bool | None, *, endless: bool) -> bool:
    """Tell whether texts are shown while they are written: as asked, or else where one watches."""
    return sys.stdout.isatty() or endless if stream is None else stream


def show(streams: "Iterable[TextStream]", begin: str, *, quiet: bool) -> "Iterator[Generation]":
    """Print texts one after the other, each while it is written, and yield their results.

    Raises:
        KeyboardInterrupt: by a signal, after what was written until then was printed and yielded.
    """
    for number, stream in enumerate(streams):
        click.echo((BETWEEN_SAMPLES if number else "") + begin, nl=False)
        try:
            _show(stream, quiet=quiet)
        except KeyboardInterrupt:
            stream.interrupt()
            click.echo("".join(stream))
            yield stream.result()
            raise
        yield stream.result()
    click.echo()


def _show(stream: "TextStream", *, quiet: bool) -> None:
    """Print a text while it is written, after its prompt was read."""
    with token_progress(-1, hidden=quiet) as progress:
        for count in stream.read():
            progress(count, 0)
    for piece in stream:
        click.echo(piece, nl=False)


def collect(
    generator: "TextGenerator",
    rows: "Iterable[Row]",
    config: GenerationConfig,
    *,
    total: int,
    quiet: bool,
) -> "Iterator[Generation]":
    """Yield the text of each row when it is whole, with a progress bar on a terminal.

    Args:
        generator: the model.
        rows: prompts.
        config: of all rows.
        total: how many tokens are written at most; below 0 if nobody knows.
        quiet: show no progress.

    Raises:
        Interrupted: by a signal, after what is there of each text was yielded.
    """
    with Interruption() as interruption, token_progress(total, hidden=quiet) as progress:
        yield from generator.generate_each(
            rows,
            advanced=lambda advance: progress(*advance),
            is_over=lambda: interruption.noted is not None,
            **config.to_dict(),
        )
        interruption.check()


def as_texts(results: "Iterable[Generation]", begin: str) -> Iterator[str]:
    """Yield results as text, with a line between two of them.

    Raises:
        DataError: one of them failed.
    """
    for number, result in enumerate(results):
        if result.error:
            raise DataError(result.error)
        yield (BETWEEN_SAMPLES if number else "") + begin + result.text
    yield "\n"


def as_json_lines(results: "Iterable[Generation]") -> Iterator[str]:
    """Yield results as JSON, one a line.

    Raises:
        DataError: some of them failed, after all were yielded.
    """
    errors, number = dict[int, str](), 0
    for number, result in enumerate(results, start=1):
        if result.error:
            errors[number] = result.error
        yield json.dumps(result.to_dict(), ensure_ascii=False) + "\n"
    if errors:
        first = min(errors)
        raise DataError(
            f"{len(errors)} of {number} texts failed; the first, number {first}: {errors[first]}"
        )


def noting(results: "Iterable[Generation]", noted: "list[Generation]") -> "Iterator[Generation]":
    """Yield results, and note each in a list."""
    for result in results:
        noted.append(result)
        yield result


def put_out(parts: Iterable[str], out: Path | None) -> None:
    """Print text as it comes, or write all of it to a file, even if it ends with an error."""
    if out is None:
        for part in parts:
            click.echo(part, nl=False)
        return
    kept = list[str]()
    try:
        kept.extend(parts)
    finally:
        if kept:
            write_file(out, "".join(kept).encode())
