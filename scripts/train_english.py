#!/usr/bin/env python
"""Makes the model in the package: English, learned from nine books of the 19th century.

    .venv/bin/python scripts/train_english.py DATA [--threads 1]

DATA is as for `bench_examples.py`. The settings are those of the preset "english"; the same number
of threads makes the same bytes on the same machine. It takes about half an hour on two idle cores.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from textgen import TextGenerator
from textgen.config.model import PACKAGED_MODEL

RECIPE = """\
description = "Nine English and American books of 1815 to 1897, from classic-books-markdown"
licence = "public domain"

[[sources]]
path = {path}
"""


@click.command(help=__doc__)
@click.argument("data", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True)
def main(data: Path, threads: int) -> None:
    """Train the model, and put it into the package in the place of the old one."""
    with tempfile.TemporaryDirectory() as folder:
        recipe, model = Path(folder) / "nine-books.toml", Path(folder) / "english"
        path = json.dumps(str((data / "big" / "big.txt").resolve()))
        recipe.write_text(RECIPE.format(path=path), encoding="utf-8")
        options = ("--preset", "english", "--threads", str(threads), "-o", str(model))
        subprocess.run(
            [sys.executable, "-m", "textgen", "train", str(recipe), *options], check=True
        )
        for old in PACKAGED_MODEL.glob("*"):
            old.unlink()
        TextGenerator.from_pretrained(model).save_pretrained(PACKAGED_MODEL, overwrite=True)


if __name__ == "__main__":
    main()
