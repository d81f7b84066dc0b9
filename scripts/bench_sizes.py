#!/usr/bin/env python
"""Trains every size on texts of several lengths for several times: the table that `auto` is of.

    .venv/bin/python scripts/bench_sizes.py DATA [--characters N] [--budget 5m] [--only SIZE]
        [--json]

DATA is as for `bench_examples.py`; the texts are the beginnings of its nine books, as characters.
Of each, the first 80% are trained on and the next 10% measured: the last tenth is for what is
reported. What `auto` takes is marked. All of it takes six hours.
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from benchmarks.commands import textgen

from textgen.config.size import SIZES, fitting
from textgen.config.training import TrainingConfig

LENGTHS = (50_000, 1_000_000, 10_000_000)
BUDGETS = ("1m", "5m", "10m", "30m")
KEPT = 0.9  # of a text's characters, of which a ninth is measured on


def train(text: Path, model: Path, size: str, budget: str) -> dict[str, Any]:
    """Train a model and return the record of its training."""
    length = ("--size", size, "--budget", budget, "--validation", str(1 / 9))
    textgen("train", str(text), "-o", str(model), *length)
    record: dict[str, Any] = json.loads(textgen("info", "-m", str(model), "--json"))["training"]
    return record


def run(text: str, sizes: list[str], budgets: list[str]) -> Iterator[dict[str, Any]]:
    """Yield what each size reaches on a text in each time."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "text.txt"
        path.write_text(text[: int(KEPT * len(text))], encoding="utf-8")
        for budget in budgets:
            chosen = fitting(
                TrainingConfig(budget=budget), tokens=int(0.8 * len(text)), vocab_size=100
            )
            for size in sizes:
                record = train(path, Path(folder) / f"{size}-{budget}", size, budget)
                yield {
                    "case": f"{len(text):,} characters",
                    "budget": budget,
                    "size": size,
                    "is_auto": chosen["units"] == SIZES[size].units,
                    "nats_per_token": record["validation"]["nats_per_token"],
                    "epochs": record["epochs"],
                    "tokens_per_second": record["tokens_per_second"],
                }


def show(result: dict[str, Any]) -> str:
    """Return a result as a row of the table."""
    mark = " *" if result["is_auto"] else ""
    return (
        f"| {result['case']} | {result['budget']} | {result['size']}{mark} "
        f"| {result['nats_per_token']:.4f} | {result['epochs']:.1f} "
        f"| {result['tokens_per_second']:,.0f} |"
    )


@click.command(help=__doc__)
@click.argument("data", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--characters", type=int, multiple=True, help="Lengths of the texts.")
@click.option("--budget", multiple=True, help="Training times.")
@click.option("--only", type=click.Choice(list(SIZES)), help="Train one size alone.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def main(
    data: Path,
    characters: tuple[int, ...],
    budget: tuple[str, ...],
    only: str | None,
    as_json: bool,
) -> None:
    """Run the sizes."""
    books = (data / "big" / "big.txt").read_text(encoding="utf-8")
    if not as_json:
        click.echo(
            "| text | time | size | nats/token | epochs | tokens/s |\n|---|---|---|--:|--:|--:|"
        )
    for length in characters or LENGTHS:
        sizes = [only] if only else list(SIZES)
        for result in run(books[:length], sizes, list(budget or BUDGETS)):
            click.echo(json.dumps(result) if as_json else show(result))


if __name__ == "__main__":
    main()
