#!/usr/bin/env python
"""Makes the English base models: the one in the package, and a larger one.

    .venv/bin/python scripts/train_english.py DATA [--large] [--work FOLDER] [-o MODEL]

DATA holds `english` (50 books of 1880 to 1960, Standard Ebooks) and `big` (nine older novels).
`english_corpus.py` makes the corpus of them. The training has two parts: one at a steady learning
rate, as long as it pays, and one in which the rate falls to zero. WORK keeps both, and the command
that is given again goes on where it was stopped. Ctrl-C in the first part goes on to the second
with what there is. The model in the package takes six hours on two cores.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import click
from english_corpus import KEPT_AWAY, LEFT_OUT_BOOK, write_corpus

from textgen import TextGenerator
from textgen.artifact.model_folder import read_model
from textgen.config.model import PACKAGED_MODEL

FALLING_STEPS = 6_000
RECIPE = """\
description = "{about}"
licence = "public domain"

[[sources]]
path = {path}
"""
ABOUT = "Novels and short stories of 1815 to 1960 in English"
CARD = """
## What it was trained on

52 books in English of 1815 to 1960: novels and short fiction, much of it dialogue, and two books on
nature. Each story is in the corpus twice, with typographic or straight quotes, in flowing
paragraphs or in lines of 60 to 80 characters, some with a line for each sentence, and verse as
stanzas.

Left out are {left_out}, and every story that holds one of a list
of slurs. The books reflect the views of their time, and so may the model.

The first part of the training took {steps:,} steps at a steady learning rate. The second, told
above, started from there.

Kept away, to measure on: {kept_away}.
"""


def train(*options: str) -> None:
    """Train, or go on with a training; an interrupted one leaves its best model."""
    command = [sys.executable, "-m", "textgen", "train", *options, "--resume"]
    done = subprocess.run(command, check=False)
    if done.returncode not in (0, 130):
        raise click.ClickException(f"the training ended with exit code {done.returncode}")


def make_corpus(data: Path, work: Path) -> Path:
    """Write the corpus, and return its recipe."""
    recipe, corpus = work / "english.toml", work / "corpus"
    if not recipe.exists():
        corpus.mkdir(parents=True, exist_ok=True)
        write_corpus(data, corpus)
        path = json.dumps(str((corpus / "train.jsonl").absolute()))
        recipe.write_text(RECIPE.format(about=ABOUT, path=path), encoding="utf-8")
    return recipe


def add_to_card(folder: Path, steady: Path) -> None:
    """Tell in the card what the model was trained on, how, and what was left out."""
    first = read_model(steady).provenance.training
    card = folder / "README.md"
    names = ", ".join(name.split("_")[1].replace("-", " ") for name in KEPT_AWAY)
    told = CARD.format(
        left_out=LEFT_OUT_BOOK, kept_away=names, steps=first.steps_done if first else 0
    )
    card.write_text(card.read_text("utf-8") + told, "utf-8")


@click.command(help=__doc__)
@click.argument("data", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--large", is_flag=True, help="Make the larger model, which is not in the package.")
@click.option("--work", type=click.Path(path_type=Path), default=Path("english-work"))
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Default: the package.")
def main(data: Path, large: bool, work: Path, out: Path | None) -> None:
    """Train the model in two parts, and put it into its place."""
    name = "english-large" if large else "english"
    corpus = make_corpus(data, work)
    held_out = ("--validation", str(work / "corpus" / "valid.jsonl"))
    steady, falling = work / name / "steady", work / name / "english"
    train(str(corpus), "-o", str(steady), "--preset", name, *held_out)
    fall = ("--from", str(steady), "--schedule", "linear", "--steps", str(FALLING_STEPS))
    train(str(corpus), "-o", str(falling), *fall, "--dropout", "0", "--storage", "int8", *held_out)
    place = out or (work / name / "large" if large else PACKAGED_MODEL)
    if place.exists():
        shutil.rmtree(place)
    TextGenerator.from_pretrained(falling).save_pretrained(place)
    add_to_card(place, steady)


if __name__ == "__main__":
    main()
