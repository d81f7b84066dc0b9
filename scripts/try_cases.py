#!/usr/bin/env python
"""Tries public bug reports on the code as it is, and prints today's verdicts beside old ones.

    .venv/bin/python scripts/try_cases.py CASES [--only ID] [--json]

CASES is a folder with `README.md`, whose table has a row for each report (id, ..., expected, what
happened, verdict), and the reports' files in folders `ID-name`. Each case is judged by what its row
expects: a broken promise is FAULT, a person left alone FRICTION, a small thing OK 1. Exits with 1
if any case is a fault or a friction. All of them take some minutes.
"""

import json
import os
import re
import signal
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from cases import corpora, generating, places, python_api, training  # noqa: F401  fill the registry
from cases.case import CASES, Case
from cases.findings import OK, REMARK
from cases.shared import Shared
from cases.trial import Trial

FINE = (OK, REMARK)


@dataclass(frozen=True)
class Row:
    """A line of the table that is printed."""

    id: str
    old: str
    today: str
    seen: str


def read_verdicts(page: Path) -> dict[str, str]:
    """Return the old verdicts of a page by the ids of their rows."""
    rows = re.findall(r"^\| (\d+\w?) \|.*\| ([A-Z]+(?: \d)?) \|$", page.read_text("utf-8"), re.M)
    return dict(rows)


def copy_inputs(cases: Path, name: str, target: Path) -> Path:
    """Copy a case's files to where their path gives nothing away that a message should say."""
    target.mkdir()
    for source in sorted(cases.glob(f"{name}-*/**/*")):
        copy = target.joinpath(*source.relative_to(cases).parts[1:])
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_file():
            copy.write_bytes(source.read_bytes())
    return target


def try_case(case: Case, shared: Shared) -> Trial:
    """Try a case in a folder of its own. What goes wrong in the script is told as that."""
    folder = shared.scratch / case.id
    folder.mkdir()
    given = copy_inputs(shared.inputs, case.id, folder / "given")
    trial = Trial(shared, folder, given)
    try:
        case.try_it(trial)
    except Exception as error:  # one broken case must not hide the others
        trial.broken(error)
    print(f"{case.id}: {trial.verdict}", file=sys.stderr, flush=True)
    return trial


def describe(trial: Trial) -> str:
    """Return what was seen, the worst first."""
    if not trial.findings:
        return f"{trial.checks} checks hold"
    worst = [f.what for f in trial.findings if f.verdict == trial.verdict]
    others = len(trial.findings) - 1
    more = f" (and {others} more)" if others else ""
    return " ".join(worst[0].split()).replace("|", "/")[:400] + more


def try_all(chosen: list[Case], old: dict[str, str], shared: Shared) -> Iterator[tuple[Row, Trial]]:
    """Try cases side by side, one for each processor."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        trials = pool.map(lambda case: try_case(case, shared), chosen)
        for case, trial in zip(chosen, trials, strict=True):
            yield Row(case.id, old.get(case.id, "?"), trial.verdict, describe(trial)), trial


def summary(rows: list[Row], untried: list[str]) -> str:
    """Return how many cases have which verdict."""
    counts = {verdict: 0 for verdict in sorted({row.today for row in rows})}
    for row in rows:
        counts[row.today] += 1
    told = ", ".join(f"{verdict} {count}" for verdict, count in counts.items())
    return f"{len(rows)} cases: {told}" + (f"; not tried: {', '.join(untried)}" if untried else "")


@click.command(help=__doc__)
@click.argument("cases", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--only", type=click.Choice(sorted(CASES)), multiple=True)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for each case.")
def main(cases: Path, only: tuple[str, ...], as_json: bool) -> None:
    """Try the cases and print the table."""
    # What a shell starts in the background is deaf to Ctrl-C, which some cases send.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    old = read_verdicts(cases / "README.md")
    chosen = [case for name, case in sorted(CASES.items()) if name in only or not only]
    untried = [] if only else sorted(old.keys() - CASES.keys())
    rows: list[Row] = []
    if not as_json:
        print("| id | old | today | what was seen |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="cases-") as scratch:
        for row, trial in try_all(chosen, old, Shared(cases.resolve(), Path(scratch))):
            rows.append(row)
            if as_json:
                findings = [asdict(finding) for finding in trial.findings]
                print(json.dumps(asdict(row) | {"findings": findings}), flush=True)
            else:
                print(f"| {row.id} | {row.old} | {row.today} | {row.seen} |", flush=True)
    print(summary(rows, untried), file=sys.stderr)
    sys.exit(bool(untried) or any(row.today not in FINE for row in rows))


if __name__ == "__main__":
    main()
