"""Texts on their way to a person: while they are written, or when they are whole."""

import json
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import click

from textgen.cli.progress import TokenProgress
from textgen.config.generation import GenerationConfig
from textgen.errors import DataError
from textgen.files import write_output
from textgen.generator import TextGenerator
from textgen.progress import ProgressReporter
from textgen.runtime.generation.prompts import SEEDS, Row
from textgen.runtime.generation.result import Generation
from textgen.runtime.generation.scheduler import RoundCounts
from textgen.runtime.generation.text_stream import REMEMBERED, TextStream
from textgen.signals import DeferredSignals

BETWEEN_SAMPLES = "---\n"


def is_live(stream: bool | None, *, endless: bool) -> bool:
    """Tell whether texts are shown while they are written: as asked, or else where one watches."""
    return sys.stdout.isatty() or endless if stream is None else stream


def begin_each(
    generator: TextGenerator, prompt: str, config: GenerationConfig, samples: int, *, whole: bool
) -> Iterator[TextStream]:
    """Yield the streams of several texts, one by one; `whole` if all of each is needed later."""
    for number in range(samples):
        yield generator.stream(
            prompt, remembered=None if whole else REMEMBERED, **_nth(config, number).to_dict()
        )


def show(
    streams: Iterable[TextStream], begin: str, *, quiet: bool, end: str = "\n"
) -> Iterator[Generation]:
    """Print texts one after the other, each while it is written, and yield their results.

    Args:
        streams: that are written.
        begin: what each text is printed behind.
        quiet: show no progress.
        end: what is printed behind each.

    Raises:
        Interrupted: by a signal, after what is there was printed and yielded.
    """
    with DeferredSignals() as interruption:
        for number, stream in enumerate(streams):
            click.echo((BETWEEN_SAMPLES if number else "") + begin, nl=False)
            try:
                _show(stream, interruption, quiet=quiet)
            finally:
                click.echo(end, nl=False)
            yield stream.result()
            interruption.check()


def _show(stream: TextStream, interruption: DeferredSignals, *, quiet: bool) -> None:
    """Print a text while it is written, after its prompt was read."""
    with TokenProgress(-1, hidden=quiet) as progress:
        for count in stream.read():
            progress.advance("reading", count)
            if interruption.noted:
                stream.interrupt()
                return
    for piece in stream:
        click.echo(piece, nl=False)
        if interruption.noted:
            stream.interrupt()


def collect(
    generator: TextGenerator,
    bursts: Iterable[Iterable[Row]],
    config: GenerationConfig,
    *,
    total: int,
    quiet: bool,
    beside: bool = False,
) -> Iterator[Generation]:
    """Yield the text of each row when it is whole, with a progress bar on a terminal.

    Args:
        generator: the model.
        bursts: prompts; those of one burst are written side by side.
        config: of all rows.
        total: how many tokens are written at most; below 0 if nobody knows.
        quiet: show no progress.
        beside: the texts go to a terminal, too, and the bar must not be in their way.

    Raises:
        Interrupted: by a signal, after what is there of each text was yielded.
    """
    written = 0
    for rows in bursts:
        with DeferredSignals() as interruption, TokenProgress(total, hidden=quiet) as progress:
            for result in generator.generate_each(
                rows,
                advanced=partial(_report, progress),
                is_over=lambda: interruption.noted is not None,
                **_nth(config, written).to_dict(),
            ):
                if beside:
                    progress.clear()
                yield result
                written += 1
            interruption.check()


def _report(progress: ProgressReporter, counts: RoundCounts) -> None:
    """Report the tokens of a round of generation."""
    progress.advance("reading", counts.read)
    progress.advance("writing", counts.written)


def as_texts(results: Iterable[Generation], begin: str, end: str = "\n") -> Iterator[str]:
    """Yield results as text, with a line between two of them, and `end` behind each.

    Raises:
        DataError: one of them failed.
    """
    for number, result in enumerate(results):
        if result.error:
            raise DataError(result.error)
        yield (BETWEEN_SAMPLES if number else "") + begin + result.text + end


def as_json_lines(results: Iterable[Generation]) -> Iterator[str]:
    """Yield results as JSON, one a line.

    Raises:
        DataError: some of them failed, after all were yielded.
    """
    number, failed, first = 0, 0, ""
    for number, result in enumerate(results, start=1):
        if result.error:
            failed += 1
            first = first or f"number {number}: {result.error}"
        yield json.dumps(result.to_dict(), ensure_ascii=False) + "\n"
    if failed:
        raise DataError(f"{failed} of {number} texts failed; the first, {first}")


def tell_copy(result: Generation, *, quiet: bool) -> Generation:
    """Tell on stderr what a text has copied, if that was limited; return the text."""
    if result.longest_copy is not None and not quiet:
        copy = result.longest_copy
        click.echo(f"longest copy: {len(copy)} characters, {copy!r}", err=True)
    return result


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
            write_output(out, "".join(kept).encode())


def _nth(config: GenerationConfig, number: int) -> GenerationConfig:
    """Return the settings of one of several texts, counted from 0."""
    return config.replace(seed=((config.seed or 0) + number) % SEEDS)
