"""Trains with settings without bounds, and tells whether what comes out is finite."""

import math
import sys
from functools import partial
from typing import Any

from cases.programs.outcome import attempt
from textgen import TextGenerator

SMALL: dict[str, Any] = {"steps": 4, "units": (4,), "batch_size": 2, "window": 8}
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "one unit": {"units": (1,)},
    "clip_norm inf": {"clip_norm": math.inf},
    "weight_decay inf": {"weight_decay": math.inf},
    "learning_rate inf": {"learning_rate": math.inf},
    "learning_rate nan": {"learning_rate": math.nan},
    "huge": {"learning_rate": 1e4, "clip_norm": 1e30},
}


def is_finite(corpus: str, name: str) -> bool:
    """Train, and tell whether the model scores a text."""
    generator = TextGenerator.train(corpus, out=f"m {name}", **(SMALL | SETTINGS[name]))
    return math.isfinite(generator.session().score("The quay").bits_per_byte)


def main() -> None:
    """Try all settings."""
    for name in SETTINGS:
        attempt(name, partial(is_finite, sys.argv[1], name))


main()
