"""Output of texts: while they are generated, or when they are complete."""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from textgen.cli.progress import TokenProgress
from textgen.config.generation import GenerationConfig
from textgen.errors import DataError
from textgen.files import write_output
from textgen.generator import TextGenerator
from textgen.runtime.generation.prompts import SEEDS, Row
from textgen.runtime.generation.result import Generation
from textgen.runtime.generation.text_stream import TextStream
from textgen.signals import DeferredSignals

BETWEEN_SAMPLES = "---\n"


def is_live(stream: bool | None, *, endless: bool) -> bool:
    """Tell whether texts are shown while they are generated: as asked, else on a terminal."""
    return sys.stdout.isatty() or endless if stream is None else stream


def show(
    stream: TextStream,
    interruption: DeferredSignals,
    *,
    begin: str,
    end: str = "\n",
    quiet: bool,
) -> None:
    """Print a text while it is generated, after its prompt was read; a signal ends it as it is.

    Args:
        stream: the generation.
        interruption: notes signals.
        begin: printed before the text.
        end: printed after it, even after an error.
        quiet: show no progress.
    """
    try:
        with TokenProgress(-1, hidden=quiet) as progress:
            for count in stream.read():
                progress.advance("reading", count)
                if interruption.noted:
                    stream.interrupt()
                    break
        click.echo(begin, nl=False)  # below the bar, which is gone now
        for chunk in stream:
            click.echo(chunk, nl=False)
            if interruption.noted:
                stream.interrupt()
    finally:
        click.echo(end, nl=False)


def collect(
    generator: TextGenerator,
    bursts: Iterable[Iterable[Row]],
    config: GenerationConfig,
    *,
    total: int,
    quiet: bool,
    beside: bool = False,
) -> Iterator[Generation]:
    """Yield the text of each row when it is complete, with a progress bar on a terminal.

    Args:
        generator: the model.
        bursts: rows; those of one burst are generated side by side.
        config: of all rows.
        total: the largest number of tokens; below 0 if it is unknown.
        quiet: show no progress.
        beside: whether the texts go to a terminal, too, where the bar makes room for them.

    Raises:
        Interrupted: by a signal, after each text was yielded as it was.
    """
    count = 0
    for rows in bursts:
        with DeferredSignals() as interruption, TokenProgress(total, hidden=quiet) as progress:
            for result in generator.generate_each(
                rows,
                progress=progress,
                is_over=lambda: interruption.noted is not None,
                **nth_config(config, count).to_dict(),
            ):
                if beside:
                    progress.clear()
                yield result
                count += 1
            interruption.check()


def as_texts(results: Iterable[Generation], begin: str, end: str = "\n") -> Iterator[str]:
    """Yield results as text, with a line between two of them, and `end` after each.

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


def report_copy(result: Generation, *, quiet: bool) -> Generation:
    """Print the longest copy of a text on stderr, if copies were limited; return the text."""
    if result.longest_copy is not None and not quiet:
        copy = result.longest_copy
        click.echo(f"longest copy: {len(copy)} characters, {copy!r}", err=True)
    return result


def put_out(parts: Iterable[str], out: Path | None) -> None:
    """Print text as it comes, or write all of it to a file, even after an error."""
    if out is None:
        for part in parts:
            click.echo(part, nl=False)
        return
    written = list[str]()
    try:
        written.extend(parts)
    finally:
        if written:
            write_output(out, "".join(written).encode())


def nth_config(config: GenerationConfig, number: int) -> GenerationConfig:
    """Return the settings of the n-th of several texts, counted from 0."""
    return config.replace(seed=((config.seed or 0) + number) % SEEDS)
