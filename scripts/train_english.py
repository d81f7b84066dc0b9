#!/usr/bin/env python
"""Makes the model in the package: English, learned from eight books of the 19th century.

    .venv/bin/python scripts/train_english.py DATA [--threads 1]

DATA is as for `bench_examples.py`. One of its nine books is left out: a model that comes along
unasked must not have learned the slur that "Adventures of Huckleberry Finn" says two hundred times.
The settings are those of the preset "english"; the same number of threads makes the same bytes on
the same machine. It takes about half an hour on two idle cores.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from textgen import TextGenerator
from textgen.config.model import PACKAGED_MODEL

TITLE = re.compile("^(?=# Title: )", re.MULTILINE)  # where a book begins
LEFT_OUT = "# Title: Adventures of Huckleberry Finn"
RECIPE = """\
description = "Eight English and American books of 1815 to 1897, from classic-books-markdown"
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
        recipe, model = Path(folder) / "eight-books.toml", Path(folder) / "english"
        text = Path(folder) / "books.txt"
        books = TITLE.split((data / "big" / "big.txt").read_bytes().decode())
        text.write_bytes("".join(b for b in books if not b.startswith(LEFT_OUT)).encode())
        recipe.write_text(RECIPE.format(path=json.dumps(str(text))), encoding="utf-8")
        options = ("--preset", "english", "--threads", str(threads), "-o", str(model))
        subprocess.run(
            [sys.executable, "-m", "textgen", "train", str(recipe), *options], check=True
        )
        for old in PACKAGED_MODEL.glob("*"):
            old.unlink()
        TextGenerator.from_pretrained(model).save_pretrained(PACKAGED_MODEL, overwrite=True)


if __name__ == "__main__":
    main()
