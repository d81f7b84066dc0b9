#!/usr/bin/env python
"""Measures how well `Session.infill` joins two texts.

    .venv/bin/python scripts/bench_infill.py DATA [-m MODEL] [--judge MODEL] [--passages N] [--json]

DATA is as for `bench_examples.py`. Passages of a book that the model has not seen are cut in three:
300 characters before, some 80 in the middle, 80 behind. The middle is written by the model: with
`infill`, and without a look at what is behind, as long as the middle was. How well each joins is
the bits per byte of what is behind, by another model, the judge; by the model itself without one.
"""

import json
from pathlib import Path
from statistics import mean

import click
from benchmarks.books import read_book
from benchmarks.comparison import compare

from textgen import TextGenerator
from textgen.config.model import PACKAGED_MODEL

BEFORE, MIDDLE, BEHIND = 300, 80, 80
TOKENS = 32  # of a middle, at most
WAYS = ("what stood there", "infill", "no look ahead")


def cut(text: str, begin: int) -> list[str]:
    """Return what stands before, in the middle and behind, from a place on; no word is cut."""
    parts = []
    for length in (BEFORE, MIDDLE, BEHIND):
        end = text.index(" ", begin + length)
        parts.append(text[begin:end])
        begin = end
    return parts


def middles(generator: TextGenerator, before: str, middle: str, behind: str) -> dict[str, str]:
    """Return what each way puts between."""
    session = generator.session(seed=1, max_new_tokens=TOKENS, banned_tokens=(0,))
    session.feed(before)
    plain = session.fork().generate(max_new_tokens=len(generator.tokenizer.encode(middle))).text
    return dict(zip(WAYS, (middle, session.infill(behind).text, plain), strict=True))


def judged(judge: TextGenerator, before: str, behind: str) -> float:
    """Return the bits per byte of a text behind another one."""
    session = judge.session(seed=1)
    session.feed(before)
    return session.score(behind).bits_per_byte


@click.command(help=__doc__)
@click.argument("data", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("-m", "--model", type=click.Path(path_type=Path), default=PACKAGED_MODEL)
@click.option("--judge", type=click.Path(path_type=Path), help="Model folder.")
@click.option("--only", "book", default="Huckleberry Finn", show_default=True)
@click.option("--passages", type=click.IntRange(min=1), default=40, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def main(
    data: Path, model: Path, judge: Path | None, book: str, passages: int, as_json: bool
) -> None:
    """Fill passages, and print how well each way joins."""
    generator = TextGenerator.from_pretrained(model)
    judging = TextGenerator.from_pretrained(judge) if judge else generator
    text = " ".join(read_book(data, book).split())
    bits = {way: list[float]() for way in WAYS}
    for number in range(passages):
        before, middle, behind = cut(text, (number + 1) * (len(text) - 1000) // (passages + 1))
        found = middles(generator, before, middle, behind)
        for way, between in found.items():
            bits[way].append(judged(judging, before + between, behind))
        if number < 3 and not as_json:
            print(f"...{before[-60:]} [{found['infill']} ]{behind[:60]}...\n")
    means = {way: mean(values) for way, values in bits.items()}
    if as_json:
        rival, unit = "no look ahead", "bits per byte"
        result = compare(rival, means["infill"], means[rival], unit, less_is_better=True)
        print(json.dumps({"case": book, **result}))
        return
    print("\n".join(f"{way:<18} {value:.3f} bits per byte" for way, value in means.items()))


if __name__ == "__main__":
    main()
