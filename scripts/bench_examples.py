#!/usr/bin/env python
"""Trains the README's example models and prints its table and samples.

    .venv/bin/python scripts/bench_examples.py DATA [--budget 5m] [--only CASE] [--json]

DATA is a folder with `tinyshakespeare/input.txt` (github.com/karpathy/char-rnn), `big/big.txt`
(nine novels of the 19th century from github.com/mlschmitt/classic-books-markdown, one after the
other), `names/names.txt` (github.com/karpathy/makemore) and `wikitext-2/{train,valid,test}.txt`
(github.com/pytorch/examples, word_language_model). Quality is measured by `textgen evaluate` on
what was not trained on (the last tenth; the names whose hash is low; valid.txt): one pass over all
of it with carried state.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import click
from benchmarks.commands import textgen

CASES: dict[str, tuple[str, list[str]]] = {
    "tiny-shakespeare": ("tinyshakespeare/input.txt", ["--tokenizer", "char"]),
    "big": ("big/big.txt", ["--tokenizer", "bpe", "--vocab-size", "4096"]),
    "names": ("names/names.txt", ["--documents", "line"]),
    "wikitext-2": ("wikitext-2", ["--preset", "wikitext-2"]),
}
NAMES_WRITTEN = 1000


def run_case(case: str, data: Path, models: Path, budget: str) -> dict[str, Any]:
    """Train, measure and sample one model."""
    corpus, options = CASES[case]
    path, model = str(data / corpus), str(models / case)
    textgen("train", path, "-o", model, "--budget", budget, *options)
    training = json.loads(textgen("info", "-m", model, "--json"))["training"]
    quality = json.loads(textgen("evaluate", path, "-m", model, "--split", "validation", "--json"))
    many = ["--num-samples", "20"] if case in ("names", "wikitext-2") else []
    sample = textgen("generate", "-m", model, "-n", "400", "-s", "1", "-q", *many)
    return {
        "case": case,
        "tokens": json.loads(textgen("info", "-m", model, "--json"))["tokenizer"]["kind"],
        "types": json.loads(textgen("info", "-m", model, "--json"))["config"]["vocab_size"],
        "steps": training["steps"],
        "seconds": training["seconds"],
        "tokens_per_second": training["tokens_per_second"],
        **{name: quality[name] for name in ("nats_per_token", "perplexity", "bits_per_byte")},
        "new": new_names(model, data / corpus) if case == "names" else None,
        "sample": sample,
    }


def new_names(model: str, known: Path) -> float:
    """Return the share of names written by a model that are not in its corpus."""
    many = ["-m", model, "--num-samples", str(NAMES_WRITTEN), "-s", "1", "-q", "--json"]
    written = [json.loads(line)["text"] for line in textgen("generate", *many).splitlines()]
    names = set(known.read_text(encoding="utf-8").split("\n"))
    return sum(name not in names for name in written) / len(written)


def table(results: list[dict[str, Any]]) -> str:
    """Return the results as a Markdown table."""
    head = "| corpus | tokens | types | steps | training | nats/token | perplexity | bits/byte |"
    rows = [
        f"| {r['case']} | {r['tokens']} | {r['types']:,} | {r['steps']:,} | {r['seconds']:.0f} s "
        f"| {r['nats_per_token']:.3f} | {r['perplexity']:.2f} | {r['bits_per_byte']:.3f} |"
        for r in results
    ]
    return "\n".join([head, "|---|---|--:|--:|--:|--:|--:|--:|", *rows])


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
        if result["new"] is not None:
            click.echo(f"of {NAMES_WRITTEN:,} names, {result['new']:.1%} are not in the list")


if __name__ == "__main__":
    main()
