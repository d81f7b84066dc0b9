#!/usr/bin/env python
"""Measures an English base model on books that it was not trained on, and looks for slurs.

    .venv/bin/python scripts/bench_english.py DATA [-m MODEL] [--characters N] [--json]

DATA is as for `train_english.py`. Each book is measured twice, in bits per byte: as it is, with
typographic quotes and flowing paragraphs, and with straight quotes and lines of 72 characters. Then
the model writes 30,000 tokens, in which the slurs of `english_corpus.py` are counted.
"""

import json
from pathlib import Path

import click
from benchmarks.books import read_book
from english_corpus import KEPT_AWAY, LEFT_OUT_BOOK, SLURS, kept_away, wrapped_straight

from textgen import TextGenerator
from textgen.config.start import BASES, USUAL_BASE

TEXTS, TOKENS = 30, 1_000  # that are written


def measure(generator: TextGenerator, text: str) -> float:
    """Return bits per byte of a text."""
    return generator.evaluate([text]).bits_per_byte


def slurs_written(generator: TextGenerator) -> list[str]:
    """Return the slurs in what a model writes."""
    prompts = [""] * TEXTS
    written = generator.generate(prompts, seed=1, min_new_tokens=TOKENS, max_new_tokens=TOKENS)
    return [found[0] for result in written for found in SLURS.finditer(result.text)]


@click.command(help=__doc__)
@click.argument("data", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("-m", "--model", type=click.Path(path_type=Path), default=BASES[USUAL_BASE])
@click.option("--characters", type=click.IntRange(min=1_000), default=300_000, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def main(data: Path, model: Path, characters: int, as_json: bool) -> None:
    """Measure the books, and print them with their average."""
    generator = TextGenerator.from_pretrained(model)
    books = dict(zip(KEPT_AWAY, kept_away(data), strict=True))
    books[LEFT_OUT_BOOK] = read_book(data, LEFT_OUT_BOOK)
    sums = [0.0, 0.0]
    for name, book in books.items():
        text = book[:characters]
        bits = measure(generator, text), measure(generator, wrapped_straight(text))
        if name in KEPT_AWAY:
            sums = [total + part for total, part in zip(sums, bits, strict=True)]
        report({"case": name, "as it is": bits[0], "wrapped, straight": bits[1]}, as_json=as_json)
    average = [total / len(KEPT_AWAY) for total in sums]
    report(
        {"case": "the first six", "as it is": average[0], "wrapped, straight": average[1]},
        as_json=as_json,
    )
    slurs = slurs_written(generator)
    report({"case": "slurs in 30,000 tokens", "count": len(slurs)}, as_json=as_json)


def report(row: dict[str, str | float | int], *, as_json: bool) -> None:
    """Print a row, for people or as JSON."""
    cells = (f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row.values())
    click.echo(json.dumps(row) if as_json else "| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
