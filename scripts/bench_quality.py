#!/usr/bin/env python
"""Trains models of ours and of plain PyTorch for the same time, and compares their quality.

    python scripts/bench_quality.py DATA [--only CASE] [--budget 5m] [--threads 2] [--json]
        [--quick] [--tune] [--keep FOLDER]

DATA is as for `bench_examples.py`. Each corpus is prepared once. Ours and each rival are trained
on those tokens one after the other, for the same time; `torch_trainer.py` holds the rivals'
recipes. Ours is measured by `textgen evaluate`, in one pass over the whole split with carried
state; the rival the same way, but in 64 stretches side by side. Our time includes validation, the
rival's does not. A ratio above 1 means that ours is better.

The last tenth of a text, and WikiText-2's test.txt, are for the figures that are reported. Settings
are chosen with --tune, which leaves them out: of a text, the first 80% are trained on, and the next
10% measured.

PyTorch is in no lock: run this with an interpreter that has it beside textgen.
"""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from benchmarks.commands import run_python, textgen
from benchmarks.comparison import Result, compare, is_installed, refuse_missing

from textgen.config.duration import parse_duration
from textgen.tokenization.token_store import TokenStore

RIVAL = "torch.nn.LSTM"
MEASURED = ("validation", "test")
COLUMNS = (
    *("case", "budget", "who", "parameters", "steps", "seconds", "tokens/s", "nats/token"),
    *("perplexity", "bits/byte", "test perplexity"),
)
TUNED_ON = 0.9  # of a text's characters are left by --tune, of which a ninth is measured on
QUICK_BUDGET = "5s"
QUICK_CHARACTERS = 200_000


@dataclass(frozen=True)
class Case:
    """A corpus and who learns it.

    Attributes:
        corpus: file or folder in DATA.
        reading: options of `textgen prepare`.
        training: options of `textgen train`.
        figure: of `evaluate`'s, that the comparison is made by.
        rivals: recipes of `torch_trainer.py` for each budget, the shortest first.
    """

    corpus: str
    reading: tuple[str, ...]
    training: tuple[str, ...]
    figure: str
    rivals: dict[str, tuple[str, ...]]

    def recipes(self, budget: str) -> tuple[str, ...]:
        """Return the recipes for a budget: those of the longest that is not above it, if any."""
        known = [b for b in self.rivals if parse_duration(b) <= parse_duration(budget)]
        return self.rivals[(known or list(self.rivals)[:1])[-1]]


CASES = {
    "tiny-shakespeare": Case(
        "tinyshakespeare/input.txt",
        reading=("--tokenizer", "char"),
        training=("--preset", "tiny-shakespeare"),
        figure="nats_per_token",
        rivals={"5m": ("1x512",), "10m": ("1x512", "1x768"), "30m": ("1x512", "1x768")},
    ),
    "wikitext-2": Case(
        "wikitext-2",
        reading=("--tokenizer", "word", "--strict"),
        training=("--preset", "wikitext-2"),
        figure="perplexity",
        rivals={"30m": ("2x650 tied", "word_language_model")},
    ),
    "big": Case(
        "big/big.txt",
        reading=("--tokenizer", "bpe", "--vocab-size", "4096"),
        training=(),
        figure="nats_per_token",
        rivals={"20m": ("1x1024",)},
    ),
}


@dataclass(frozen=True)
class Run:
    """A model and how it came about; `quality` holds what `evaluate` prints, for each split."""

    who: str
    parameters: int
    steps: int
    seconds: float
    tokens_per_second: float
    quality: dict[str, dict[str, float]]


@dataclass(frozen=True)
class Prepared:
    """A corpus, its token store, and the splits to be measured."""

    text: Path
    store: Path
    splits: tuple[str, ...]


def copy_corpus(source: Path, target: Path, *, tune: bool, quick: bool) -> None:
    """Copy a text, or a folder of splits, as far as it is used."""
    if source.is_dir():
        target.mkdir()
        for file in source.glob("*.txt"):
            if not (tune and file.stem == "test"):
                copy_corpus(file, target / file.name, tune=False, quick=quick)
        return
    text = source.read_bytes().decode()
    text = text[: int(TUNED_ON * len(text))] if tune else text
    target.write_bytes(text[: QUICK_CHARACTERS if quick else None].encode())


def prepare(case: Case, data: Path, folder: Path, *, tune: bool, quick: bool) -> Prepared:
    """Make the token store that all read."""
    source, store = data / case.corpus, folder / "store"
    corpus = folder / source.name
    copy_corpus(source, corpus, tune=tune, quick=quick)
    share = ("--validation", str(1 / 9)) if tune else ()
    textgen("prepare", str(corpus), "-o", str(store), *case.reading, *share)
    counts = TokenStore(store).counts
    return Prepared(corpus, store, tuple(s for s in MEASURED if counts(s).tokens))


def train_ours(case: Case, corpus: Prepared, model: Path, budget: str, threads: int) -> Run:
    """Train and measure a model with the command line."""
    length = ("--budget", budget, "--threads", str(threads))
    textgen("train", str(corpus.store), "-o", str(model), *length, *case.training)
    told = json.loads(textgen("info", "-m", str(model), "--json"))
    names = ("steps_done", "seconds", "tokens_per_second")
    steps, seconds, speed = (told["training"][name] for name in names)
    measure = ("evaluate", str(corpus.text), "-m", str(model), "--json", "--split")
    quality = {split: json.loads(textgen(*measure, split)) for split in corpus.splits}
    return Run("textgen", told["parameters"], steps, seconds, speed, quality)


def train_torch(recipe: str, corpus: Prepared, budget: str, threads: int) -> Run:
    """Train and measure a rival."""
    script = str(Path(__file__).with_name("torch_trainer.py"))
    length = ("--budget", str(parse_duration(budget)), "--threads", str(threads))
    told = json.loads(run_python(script, str(corpus.store), "--recipe", recipe, *length))
    return Run(f"{RIVAL} {recipe}, {told.pop('precision')}", **told)


def compare_runs(case: str, budget: str, ours: Run, theirs: Run) -> Result:
    """Compare two runs by the figure that people quote of the case."""
    figure = CASES[case].figure
    our, their = (run.quality["validation"][figure] for run in (ours, theirs))
    result = compare(RIVAL, our, their, figure.replace("_per_", "/"), less_is_better=True)
    return {"case": case, **result, "budget": budget, "runs": [asdict(ours), asdict(theirs)]}


def table_row(case: str, budget: str, run: Run) -> str:
    """Return a run as a row of the table."""
    quality, test = run.quality["validation"], run.quality.get("test")
    figures = (
        *(case, budget, run.who, f"{run.parameters:,}", f"{run.steps:,}", f"{run.seconds:.0f}"),
        *(f"{run.tokens_per_second:,.0f}", f"{quality['nats_per_token']:.4f}"),
        *(f"{quality['perplexity']:.2f}", f"{quality['bits_per_byte']:.4f}"),
        f"{test['perplexity']:.2f}" if test else "",
    )
    return f"| {' | '.join(figures)} |"


def run_case(
    name: str, data: Path, models: Path, budget: str | None, threads: int, **which: bool
) -> Iterator[tuple[str, list[Run]]]:
    """Yield each budget, or the one that was chosen, and its runs, ours first."""
    case = CASES[name]
    with tempfile.TemporaryDirectory() as folder:
        corpus = prepare(case, data, Path(folder), **which)
        for length in [budget] if budget else case.rivals:
            ours = train_ours(case, corpus, models / f"{name}-{length}", length, threads)
            rivals = [train_torch(r, corpus, length, threads) for r in case.recipes(length)]
            yield length, [ours, *rivals]


@click.command(help=__doc__)
@click.argument("data", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--only", type=click.Choice(list(CASES)), help="Run one case alone.")
@click.option("--budget", help="Training time of each model, instead of the case's own.")
@click.option(
    "--threads", type=click.IntRange(min=1), default=2, show_default=True, help="Of each trainer."
)
@click.option("--tune", is_flag=True, help="Leave out what figures are reported on.")
@click.option("--quick", is_flag=True, help=f"Little text, and {QUICK_BUDGET} for each model.")
@click.option("--keep", type=click.Path(path_type=Path), help="Leave our models in this folder.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def main(
    data: Path,
    only: str | None,
    budget: str | None,
    threads: int,
    keep: Path | None,
    as_json: bool,
    **which: bool,
) -> None:
    """Run the cases."""
    if not is_installed("torch"):
        refuse_missing([RIVAL])
    budget = budget or (QUICK_BUDGET if which["quick"] else None)
    if not as_json:
        click.echo(f"| {' | '.join(COLUMNS)} |\n|{'---|' * 3}{'--:|' * (len(COLUMNS) - 3)}")
    with tempfile.TemporaryDirectory() as folder:
        for case in [only] if only else CASES:
            results = run_case(case, data, keep or Path(folder), budget, threads, **which)
            for length, (ours, *rivals) in results:
                if as_json:
                    lines = [json.dumps(compare_runs(case, length, ours, them)) for them in rivals]
                else:
                    lines = [table_row(case, length, run) for run in (ours, *rivals)]
                click.echo("\n".join(lines))


if __name__ == "__main__":
    main()
