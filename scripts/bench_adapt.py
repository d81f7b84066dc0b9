#!/usr/bin/env python
"""Measures what a session learns of a book that its model has not seen (`Session.adapt`).

    .venv/bin/python scripts/bench_adapt.py DATA [-m MODEL] [--only BOOK] [--characters N] [--json]

DATA is as for `bench_examples.py`. The book is read in parts of 2,000 characters. Each is measured,
and only then learned from. Bits per byte are those of all parts behind the first third, without
learning and with it. The model in the package has not seen Huckleberry Finn, the default book.
"""

import json
import time
from pathlib import Path

import click
from benchmarks.books import read_book
from benchmarks.comparison import compare

from textgen import Session, TextGenerator
from textgen.config.model import PACKAGED_MODEL

PART = 2_000


def measure(session: Session, text: str, *, learns: bool) -> tuple[float, float]:
    """Return bits per byte of what is behind the first third, and the seconds."""
    bits = size = 0.0
    begin = time.perf_counter()
    for start in range(0, len(text), PART):
        part = text[start : start + PART]
        if start >= len(text) / 3:
            here = len(part.encode())
            bits += session.score(part).bits_per_byte * here
            size += here
        (session.adapt if learns else session.feed)(part)
    return bits / size, time.perf_counter() - begin


@click.command(help=__doc__)
@click.argument("data", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("-m", "--model", type=click.Path(path_type=Path), default=PACKAGED_MODEL)
@click.option("--only", "book", default="Huckleberry Finn", show_default=True)
@click.option("--characters", type=click.IntRange(min=3 * PART), default=300_000, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def main(data: Path, model: Path, book: str, characters: int, as_json: bool) -> None:
    """Measure a model with and without learning, and print both."""
    text = read_book(data, book)[:characters]
    generator = TextGenerator.from_pretrained(model)
    plain, _ = measure(generator.session(), text, learns=False)
    adapted, seconds = measure(generator.session(), text, learns=True)
    if as_json:
        result = compare("no learning", adapted, plain, "bits per byte", less_is_better=True)
        print(json.dumps({"case": book, **result}))
        return
    print(f"{book}, {len(text):,} characters, {model}")
    print(f"bits per byte: {plain:.4f} without learning, {adapted:.4f} with it")
    print(f"that is {1 - adapted / plain:.1%} fewer; {seconds:.0f} s")


if __name__ == "__main__":
    main()
