"""One case of bench_checkout.py: a process that works with the textgen of its PYTHONPATH."""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textgen import TextGenerator

SECONDS = 3.0  # of repetitions, after one to warm up
LONG_PROMPT = "It was a dark night. " * 300
# Each case: precision, prompt, settings.
GENERATION: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "one text, int8": ("int8", "It was", {"max_new_tokens": 1500}),
    "one text, fp32": ("fp32", "It was", {"max_new_tokens": 600}),
    "penalty and top-p": (
        "int8",
        "It was",
        {"max_new_tokens": 600, "top_p": 0.9, "repetition_penalty": 1.2},
    ),
    "64 texts, int8": ("int8", ["It was"] * 64, {"max_new_tokens": 100}),
    "64 texts, fp32": ("fp32", ["It was"] * 64, {"max_new_tokens": 100}),
    "typical-p in Python": ("int8", "It was", {"max_new_tokens": 400, "typical_p": 0.8}),
    "banned phrase": ("int8", "It was", {"max_new_tokens": 400, "ban": ("the",)}),
    "long prompt": ("int8", LONG_PROMPT, {"max_new_tokens": 5}),
}
TRAINING: dict[str, dict[str, Any]] = {
    "training, characters": {"units": (512,), "steps": 60},
    "training, words": {"tokenizer": "word", "units": (256, 256), "steps": 60},
}


def calls_per_second(work: Callable[[], object]) -> float:
    """Return the rate of some work, by its quickest repetition."""
    work()
    end, best = time.perf_counter() + SECONDS, float("inf")
    while time.perf_counter() < end:
        begin = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - begin)
    return 1 / best


def training_speed(settings: dict[str, Any]) -> float:
    """Return the tokens per second of a short training, by the model's record of it."""
    corpus = Path(__file__).parents[2] / "corpora" / "tidewater.txt"
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "model"
        TextGenerator.train(corpus, out=out, batch_size=32, window=64, seed=1, **settings)
        manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    return float(manifest["training"]["tokens_per_second"])


def main() -> None:
    """Print the speed of the case that is named."""
    case = sys.argv[1]
    if case in TRAINING:
        print(training_speed(TRAINING[case]))
        return
    precision, prompt, settings = GENERATION[case]
    generator = TextGenerator.from_pretrained(precision=precision)
    print(calls_per_second(lambda: generator.generate(prompt, seed=1, **settings)))


if __name__ == "__main__":
    main()
