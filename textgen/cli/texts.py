"""The modes of `textgen generate` for new texts: shown live, collected, or one for each row."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat

import click

from textgen.cli.combinations import refuse_idle
from textgen.cli.generate_request import GenerateRequest
from textgen.cli.jsonl_input import read_bursts
from textgen.cli.output import (
    BETWEEN_SAMPLES,
    as_json_lines,
    as_texts,
    collect,
    is_live,
    nth_config,
    put_out,
    report_copy,
    show,
)
from textgen.config.generation import GenerationConfig
from textgen.files import write_output
from textgen.generator import TextGenerator
from textgen.receipt.receipt import Receipt
from textgen.runtime.generation.prompts import Row
from textgen.runtime.generation.result import Generation
from textgen.runtime.generation.text_stream import REMEMBERED, TextStream
from textgen.signals import DeferredSignals


@dataclass(frozen=True)
class TextJob:
    """New texts to generate.

    Attributes:
        request: the options.
        generator: the model.
        config: the settings of the first text; the n-th has this seed + n.
        prompt: of all texts; "" if each row has its own.
        echo: the text that is printed before each new one.
    """

    request: GenerateRequest
    generator: TextGenerator
    config: GenerationConfig
    prompt: str
    echo: str

    @property
    def is_live(self) -> bool:
        """Whether the texts are shown while they are generated."""
        request, is_endless = self.request, self.config.max_new_tokens < 0
        return not (request.as_json or request.out) and is_live(request.stream, endless=is_endless)

    def streams(self) -> Iterator[TextStream]:
        """Yield a stream for each text; a receipt needs all of its tokens."""
        remembered = None if self.request.receipt else REMEMBERED
        for number in range(self.request.num_samples):
            settings = nth_config(self.config, number).to_dict()
            yield self.generator.stream(self.prompt, remembered=remembered, **settings)

    def receipt_of(self, results: list[Generation]) -> bytes:
        """Return the content of the receipt of some results."""
        parts = (self.request.model, self.generator, self.config, self.prompt, results)
        return Receipt.of(*parts).to_json().encode()


def prepare(request: GenerateRequest) -> TextJob:
    """Load the model, and refuse what it cannot generate.

    Raises:
        UsageError, DataError: the prompt or a setting cannot be used.
        MissingInput, UnsafeModel: the model folder cannot be used.
    """
    prompt = "" if request.jsonl else request.read_prompt()
    generator = request.load_generator()
    config = generator.configure(**request.read_settings())
    if not request.jsonl:  # whose rows have settings of their own
        refuse_idle(config)
    generator.check(**config.to_dict())
    clean = generator.tokenizer.clean_prompt(prompt)
    return TextJob(request, generator, config, prompt, clean if request.echo else "")


def show_texts(job: TextJob) -> None:
    """Print each text while it is generated."""
    with _noting(job) as note, DeferredSignals() as interruption:
        for number, stream in enumerate(job.streams()):
            begin = (BETWEEN_SAMPLES if number else "") + job.echo
            show(stream, interruption, begin=begin, quiet=job.request.quiet)
            note(stream.result())
            interruption.check()


def collect_texts(job: TextJob) -> None:
    """Print each text when it is complete, or write all to a file."""
    request, count = job.request, job.request.num_samples
    with _noting(job) as note:
        texts = map(note, _collect(job, [repeat(job.prompt, count)], count))
        put_out(as_json_lines(texts) if request.as_json else as_texts(texts, job.echo), request.out)


def answer_rows(job: TextJob) -> None:
    """Print a JSON object for each row of the input, as rows come in."""
    with _noting(job) as note:
        texts = map(note, _collect(job, read_bursts(job.request.file), None))
        put_out(as_json_lines(texts), job.request.out)


def _collect(
    job: TextJob, bursts: Iterable[Iterable[Row]], count: int | None
) -> Iterator[Generation]:
    """Yield the text of each row when it is complete; `count` is the number of rows, if known."""
    request = job.request
    return collect(
        job.generator,
        bursts,
        job.config,
        total=-1 if count is None else count * job.config.max_new_tokens,
        quiet=request.quiet,
        beside=request.out is None and sys.stdout.isatty(),
    )


@contextmanager
def _noting(job: TextJob) -> Iterator[Callable[[Generation], Generation]]:
    """Yield a function that notes each result; write the receipt of all, even after an error."""
    request, noted = job.request, list[Generation]()

    def note(result: Generation) -> Generation:
        if request.receipt and not result.error:
            noted.append(result)
        return report_copy(result, quiet=request.quiet)

    if request.receipt:
        job.receipt_of([])  # refuses too long a prompt before the work
    if not request.quiet:
        click.echo(f"seed {job.config.seed}", err=True)
    try:
        yield note
    finally:
        if request.receipt and noted:
            write_output(request.receipt, job.receipt_of(noted))
