"""Trains on very small texts, one after the other."""

import sys

from cases.programs.outcome import attempt
from textgen import TextGenerator


def train(path: str) -> str:
    """Train for two steps, with settings that fit themselves."""
    TextGenerator.train(path, out=f"{path}.model", steps=2, units=(4,))
    return "trained"


def main() -> None:
    """Try each file."""
    for path in sys.argv[1:]:
        attempt(path, train, path)


main()
