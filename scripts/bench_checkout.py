#!/usr/bin/env python
"""Compares the speed of this checkout with that of another, for changes that must cost nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
from benchmarks.comparison import compare, format_number
from benchmarks.workload import GENERATION, TRAINING
from rich.console import Console
from rich.progress import track
from rich.table import Table

ROOT = Path(__file__).parent.parent
WORKLOAD = ROOT / "scripts" / "benchmarks" / "workload.py"


def speed(checkout: Path, case: str) -> float:
    """Return the speed of a case with the textgen of a checkout, in a fresh process."""
    done = subprocess.run(
        [sys.executable, str(WORKLOAD), case],
        env=os.environ | {"PYTHONPATH": str(checkout)},
        capture_output=True,
        check=True,
        text=True,
    )
    return float(done.stdout)


def best_speeds(other: Path, case: str, rounds: int) -> tuple[float, float]:
    """Return the best speed of this checkout and of the other; they take turns."""
    ours, theirs = list[float](), list[float]()
    for _ in range(rounds):
        ours.append(speed(ROOT, case))
        theirs.append(speed(other, case))
    return max(ours), max(theirs)


@click.command()
@click.argument("other", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--only", type=click.Choice([*GENERATION, *TRAINING]), help="Run this case alone.")
@click.option("--rounds", default=4, show_default=True, help="Turns of each checkout.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def main(other: Path, only: str | None, rounds: int, as_json: bool) -> None:
    """Compare this checkout with OTHER: the best of some turns; above 1, this one is faster."""
    table = Table("case", "this", "other", "ratio")
    cases = [only] if only else [*GENERATION, *TRAINING]
    for case in track(cases, "cases", console=Console(stderr=True)):
        ours, theirs = best_speeds(other.resolve(), case, rounds)
        unit = "tokens/s" if case in TRAINING else "calls/s"
        result = compare("other checkout", ours, theirs, unit)
        if as_json:
            click.echo(json.dumps({"case": case, **result}))
        table.add_row(case, *map(format_number, (ours, theirs, result["ratio"])))
    if not as_json:
        Console().print(table)


if __name__ == "__main__":
    main()
