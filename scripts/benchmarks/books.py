"""The books of DATA that the benchmarks read."""

import re
from pathlib import Path

import click

TITLE = re.compile("^# Title: (.*)$", re.MULTILINE)


def read_book(data: Path, name: str) -> str:
    """Return the first book whose title holds a name.

    Raises:
        click.UsageError: there is none; the message names all titles.
    """
    _, *parts = TITLE.split((data / "big" / "big.txt").read_bytes().decode())
    for title, text in zip(parts[::2], parts[1::2], strict=True):
        if name.lower() in title.lower():
            return text
    raise click.UsageError(f"no book has {name!r} in its title: {', '.join(parts[::2])}")
