"""Trains and evaluates on corpora of all types, and with settings of odd types."""

import io
import shutil
import sys
from functools import partial
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pandas as pd

from cases.programs.outcome import attempt
from textgen import TextGenerator

SMALL: dict[str, Any] = {"steps": 2, "units": (4,), "batch_size": 2, "window": 8}


def corpora(path: Path) -> dict[str, Any]:
    """Return a text in all the forms that a corpus has in memory."""
    text = path.read_text("utf-8")
    lines = text.splitlines()
    return {
        "Path": path,
        "path": str(path),
        "bytes path": bytes(path),
        "list": lines,
        "tuple": tuple(lines),
        "a text": text,
        "frame": pd.DataFrame({"text": lines}),
        "Series": pd.Series(lines),
        "array": np.array(lines),
        "Dataset": datasets.Dataset.from_dict({"text": lines}),
        "generator": (line for line in lines),
        "open file": path.open(),
        "StringIO": io.StringIO(text),
        "list of paths": [str(path), str(path)],
        "dict": {"text": lines},
        "None": None,
        "empty": "",
        "short text": "hello world",
    }


def trained(corpus: Any, **settings: Any) -> str:
    """Train, and return a text of the model."""
    out = settings.pop("out", "m")
    if isinstance(out, str):
        shutil.rmtree(out, ignore_errors=True)
    generator = TextGenerator.train(corpus, out=out, **(SMALL | settings))
    return generator.generate("The", max_new_tokens=3, seed=1).text


def measured(generator: TextGenerator, corpus: Any) -> int:
    """Evaluate, and return how many tokens there were."""
    return generator.evaluate(corpus).tokens


def main() -> None:
    """Try all of them."""
    datasets.disable_progress_bars()
    path = Path(sys.argv[1])
    for name, corpus in corpora(path).items():
        attempt(f"train {name}", trained, corpus)
    generator = TextGenerator.from_pretrained()
    for name, corpus in corpora(path).items():
        attempt(f"evaluate {name}", measured, generator, corpus)
    settings: dict[str, dict[str, Any]] = {
        "out Path": {"out": Path("mp")},
        "out bytes": {"out": b"mb"},
        "out None": {"out": None},
        "np.int64 steps": {"steps": np.int64(2)},
        "list units": {"units": [4, 4]},
        "int units": {"units": 4},
        "np.float32 rate": {"learning_rate": np.float32(0.01)},
        "budget 60": {"budget": 60, "steps": None},
        "step": {"step": 2},
        "float batch": {"batch_size": 2.5},
    }
    for name, changed in settings.items():
        attempt(f"setting {name}", partial(trained, path, **changed))


main()
