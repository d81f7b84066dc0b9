#!/usr/bin/env python
"""Trains the README's example models and prints its table and samples.

    .venv/bin/python scripts/bench_examples.py DATA [--budget 5m] [--only CASE] [--json]

DATA is a folder with `tinyshakespeare/input.txt` (github.com/karpathy/char-rnn) and `big/big.txt`
(nine novels of the 19th century from github.com/mlschmitt/classic-books-markdown, one after the
other). Quality is measured by `textgen evaluate` on the last tenth of each text, which was not
trained on: one pass over all of it with carried state.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

CASES: dict[str, tuple[str, list[str]]] = {
    "tiny-shakespeare": ("tinyshakespeare/input.txt", ["--tokenizer", "char"]),
    "big": ("big/big.txt", ["--tokenizer", "bpe", "--vocab-size", "4096"]),
}


def textgen(*arguments: str) -> str:
    """Run the command line; its stderr is shown, its stdout returned."""
    command = [sys.executable, "-m", "textgen", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, encoding="utf-8")
    return done.stdout


def run_case(case: str, data: Path, models: Path, budget: str) -> dict[str, Any]:
    """Train, measure and sample one model."""
    corpus, options = CASES[case]
    path, model = str(data / corpus), str(models / case)
    textgen("train", path, "-o", model, "--budget", budget, *options)
    training = json.loads(textgen("info", "-m", model, "--json"))["training"]
    quality = json.loads(textgen("evaluate", path, "-m", model, "--split", "validation", "--json"))
    length = "1000" if "char" in options else "400"
    sample = textgen("generate", "-m", model, "-n", length, "-s", "1", "-q")
    return {
        "case": case,
        "tokenizer": " ".join(options[1::2]),
        "steps": training["steps"],
        "seconds": training["seconds"],
        "tokens_per_second": training["tokens_per_second"],
        **quality,
        "sample": sample,
    }


def table(results: list[dict[str, Any]]) -> str:
    """Return the results as a Markdown table."""
    head = "| corpus | tokens | steps | training | nats/token | perplexity | bits/byte |"
    rows = [
        f"| {r['case']} | {r['tokenizer']} | {r['steps']:,} | {r['seconds']:.0f} s "
        f"| {r['nats_per_token']:.3f} | {r['perplexity']:.2f} | {r['bits_per_byte']:.3f} |"
        for r in results
    ]
    return "\n".join([head, "|---|---|--:|--:|--:|--:|--:|", *rows])


@click.command(help=__doc__)
@click.argument("data", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--budget", default="5m", show_default=True, help="Training time of each model.")
@click.option("--only", type=click.Choice(list(CASES)), help="Run one case alone.")
@click.option("--keep", type=click.Path(path_type=Path), help="Leave the models in this folder.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def main(data: Path, budget: str, only: str | None, keep: Path | None, as_json: bool) -> None:
    """Run the cases."""
    with tempfile.TemporaryDirectory() as folder:
        models = keep or Path(folder)
        cases = [only] if only else list(CASES)
        results = [run_case(case, data, models, budget) for case in cases]
    if as_json:
        for result in results:
            click.echo(json.dumps(result))
        return
    click.echo(table(results))
    for result in results:
        click.echo(f"\n--- {result['case']}\n\n{result['sample']}")


if __name__ == "__main__":
    main()
