#!/usr/bin/env python
"""Trains on short texts, from scratch and from the base model, and measures what comes behind them.

    .venv/bin/python scripts/bench_finetune.py DATA [--kilobytes 60] [--budget 1m] [--only TEXT]
        [--base MODEL] [--json]

DATA is as for `bench_examples.py`, with the folder `english`. A text is the beginning of a book
that the base model was not trained on; the others are in no language that it knows. Each figure is
bits per byte of the 100 kB behind the text: after training from scratch, of the base model as it
is, of a session of it that has learned from the text (`Session.adapt`), and after fine-tuning. What
`--from auto` takes is marked. All of it takes a day on two idle cores.
"""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import click
from benchmarks.commands import textgen
from benchmarks.comparison import compare
from benchmarks.short_texts import texts

from textgen import TextGenerator
from textgen.artifact.model_folder import read_model
from textgen.config.start import BASES, USUAL_BASE
from textgen.trainer.suitability import suitability_of

KILOBYTES = (20, 60, 200, 1_000)
BUDGETS = ("30s", "2m", "10m")
BEHIND = 100_000  # bytes that are measured
PART = 2_000  # characters that a session learns from at a time


@dataclass
class Case:
    """One text of one length, trained on for one time; figures are bits per byte behind it."""

    text: str
    kilobytes: int
    budget: str
    scratch: float
    base: float
    adapted: float
    tuned: float
    is_base_taken: bool

    @property
    def taken(self) -> float:
        """The figure of what `auto` takes."""
        return self.tuned if self.is_base_taken else self.scratch


def run(name: str, text: str, kilobytes: int, budget: str, base: Path) -> Case | None:
    """Train and measure; None if the text is too short."""
    data, size = text.encode(), 1000 * kilobytes
    if len(data) < size + BEHIND // 4:
        return None
    with tempfile.TemporaryDirectory() as folder:
        corpus, behind = Path(folder) / "text.txt", Path(folder) / "behind.txt"
        corpus.write_bytes(data[:size].decode(errors="ignore").encode())
        behind.write_bytes(data[size : size + BEHIND].decode(errors="ignore").encode())
        scratch, tuned = (
            trained(corpus, behind, Path(folder) / str(number), budget, start)
            for number, start in enumerate(("none", str(base)))
        )
        return Case(
            text=name,
            kilobytes=kilobytes,
            budget=budget,
            scratch=scratch,
            base=measured(base, behind),
            adapted=adapted(base, corpus.read_text("utf-8"), behind.read_text("utf-8")),
            tuned=tuned,
            is_base_taken=is_taken(base, corpus.read_text("utf-8")),
        )


def is_taken(base: Path, text: str) -> bool:
    """Return whether `auto` starts from a base model."""
    found = suitability_of(read_model(base), [text])
    return found is not None and found.is_enough


def trained(corpus: Path, behind: Path, out: Path, budget: str, start: str) -> float:
    """Train, and return bits per byte of the text behind."""
    textgen("train", str(corpus), "-o", str(out), "--budget", budget, "--from", start, "-q")
    return measured(out, behind)


def measured(model: Path, text: Path) -> float:
    """Return a model's bits per byte of a text."""
    quality: dict[str, float] = json.loads(
        textgen("evaluate", str(text), "-m", str(model), "--json")
    )
    return quality["bits_per_byte"]


def adapted(model: Path, text: str, behind: str) -> float:
    """Return bits per byte of a session that has learned from a text, of what is behind it."""
    session = TextGenerator.from_pretrained(model).session()
    for start in range(0, len(text), PART):
        session.adapt(text[start : start + PART])
    return session.score(behind).bits_per_byte


def show(case: Case) -> str:
    """Return a case as a row of the table."""
    marks = (" *", "") if not case.is_base_taken else ("", " *")
    fewer = 1 - case.tuned / case.scratch
    return (
        f"| {case.text} | {case.kilobytes:,} kB | {case.budget} | {case.scratch:.3f}{marks[0]} "
        f"| {case.base:.3f} | {case.adapted:.3f} | {case.tuned:.3f}{marks[1]} | {fewer:.1%} |"
    )


def as_json(case: Case) -> str:
    """Return a case as a line of JSON."""
    where = f"{case.text}, {case.kilobytes} kB, {case.budget}"
    figures = compare(
        "from scratch", case.taken, case.scratch, "bits per byte", less_is_better=True
    )
    return json.dumps({"case": where, **figures, **vars(case)})


def cases(
    data: Path, only: str | None, lengths: list[int], budgets: list[str], base: Path
) -> Iterator[Case]:
    """Yield the cases, one after the other."""
    chosen = {name: text for name, text in texts(data).items() if only is None or only in name}
    for (name, text), length, budget in product(chosen.items(), lengths, budgets):
        if case := run(name, text, length, budget, base):
            yield case


@click.command(help=__doc__)
@click.argument("data", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--kilobytes", type=click.IntRange(min=1), multiple=True, help="Lengths of the texts."
)
@click.option("--budget", multiple=True, help="Training times.")
@click.option("--only", help="A part of a text's name.")
@click.option("--base", type=click.Path(path_type=Path, exists=True), default=BASES[USUAL_BASE])
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object a line.")
def main(
    data: Path,
    kilobytes: tuple[int, ...],
    budget: tuple[str, ...],
    only: str | None,
    base: Path,
    is_json: bool,
) -> None:
    """Run the cases."""
    if not is_json:
        click.echo(
            "| text | of it | time | from scratch | base | adapted | fine-tuned | fewer bits |\n"
            "|---|--:|--:|--:|--:|--:|--:|--:|"
        )
    for case in cases(data, only, list(kilobytes or KILOBYTES), list(budget or BUDGETS), base):
        click.echo(as_json(case) if is_json else show(case))


if __name__ == "__main__":
    main()
