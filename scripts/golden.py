#!/usr/bin/env python
"""Records what seeded generations and a seeded training give, and compares it after a change.

A change that only moves or renames code must leave every text and every byte as it was:

    scripts/golden.py record before.json
    scripts/golden.py compare before.json
"""

import argparse
import hashlib
import itertools
import json
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

from textgen import Generation, TextGenerator

Cases = dict[str, Any]
PROMPTS = ("", "It was a dark night, and", "The captain said: “Not so, naïve Señor!")
TRAINING: dict[str, Any] = {
    "units": (48, 64),
    "dropout": 0.1,
    "batch_size": 16,
    "window": 32,
    "steps": 200,
    "seed": 4,
    "label_column": "who",
    "copy_index": True,
    "threads": 2,
}
# One setting, or a few that belong together, of each filter, penalty, stop and constraint.
SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"temperature": 0},
    {"temperature": 1.3},
    {"temperature_schedule": ((0, 1.4), (30, 0.3))},
    {"dynatemp_range": 0.5, "dynatemp_exponent": 1.5},
    {"top_k": 5},
    {"top_p": 0.7},
    {"top_p": 0.9, "top_k": 40, "min_p": 0.02},
    {"min_p": 0.1},
    {"typical_p": 0.6},
    {"top_n_sigma": 1.0},
    {"xtc_probability": 0.5, "xtc_threshold": 0.1},
    {"mirostat": 2, "mirostat_tau": 3.0},
    {"repetition_penalty": 1.3},
    {"presence_penalty": 0.5, "frequency_penalty": 0.4, "repeat_last_n": -1},
    {"dry_multiplier": 0.8},
    {"samplers": ("temperature", "top_p"), "top_p": 0.8},
    {"min_new_tokens": 30, "logit_bias": ((0, 5.0),)},
    {"logit_bias": (("e", -3.0),)},
    {"banned_tokens": ("e", "\n")},
    {"ban": ("the", "and")},
    {"ban": ("the", "I "), "ban_any_case": True, "top_k": 20},
    {"ban": (" w",), "mirostat": 2},
    {"stop": ("ing", "\n\n")},
    {"stop_at": "sentence"},
    {"stop_at": "line"},
    {"stop_at": "paragraph", "max_new_tokens": 150},
    {"stop": ("z",), "ban": ("on",)},
    {"beams": 4},
    {"beams": 3, "length_penalty": 0.5, "banned_tokens": ("e",)},
    {"regex": r"[A-Z][a-z]+ [0-9]{2,4}\."},
    {"choice": ("yes", "no", "perhaps not")},
    {
        "json_schema": '{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":'
        '"string","maxLength":12}},"required":["a","b"],"additionalProperties":false}'
    },
    {"grammar": 'start: "<" WORD ">"\nWORD: /[a-z]{1,9}/'},
)


def digest(data: bytes) -> str:
    """Return what bytes are known by."""
    return hashlib.sha256(data).hexdigest()


def written(result: Generation) -> list[Any]:
    """Return what must stay of a generation, its log-probabilities to the last bit."""
    logprobs = np.array(result.logprobs, np.float64)
    return [result.text, list(result.tokens), result.finish_reason, digest(logprobs.tobytes())]


def generations(generator: TextGenerator) -> Iterator[tuple[str, Any]]:
    """Yield single texts, the same as rows and as streams, and those of sessions."""
    for settings, prompt in itertools.product(SETTINGS, PROMPTS):
        given = {"max_new_tokens": 60, "seed": 7, **settings}
        name = f"{prompt!r} {settings}"
        yield f"generate {name}", written(generator.generate(prompt, **given))
        stream = generator.stream(prompt, **given)
        yield f"stream {name}", ["|".join(stream), *written(stream.result())]
        rows = [prompt, {"prompt": prompt, "temperature": 0.5}, prompt]
        yield f"rows {name}", [written(one) for one in generator.generate(rows, **given)]
        yield f"session {name}", list(of_session(generator, prompt, given))


def of_session(generator: TextGenerator, prompt: str, given: dict[str, Any]) -> Iterator[Any]:
    """Yield what a session writes in two calls, after going back, and in a fork."""
    session = generator.session(**given)
    session.feed(prompt)
    yield written(session.generate(max_new_tokens=30, min_new_tokens=0))
    fork = session.fork()
    second = session.generate(max_new_tokens=20, min_new_tokens=0)
    yield written(second)
    session.undo(len(second.tokens))
    yield [session.text == fork.text, session.text]
    fork.feed(" Then")
    yield written(fork.generate(max_new_tokens=20, min_new_tokens=0))
    yield [repr(one) for one in fork.next(3)]


def others(generator: TextGenerator) -> Iterator[tuple[str, Any]]:
    """Yield what is neither a plain text nor a session: long prompts, hooks, infilling, scores."""
    long = "It was the best of times, it was the worst of times. " * 40
    yield "long prompt", written(generator.generate(long, max_new_tokens=40, seed=3))
    yield (
        "hook",
        written(
            generator.generate(
                "It",
                logits_processors=[lambda tokens, logits: np.roll(logits, 1)],
                max_new_tokens=40,
                seed=3,
            )
        ),
    )
    for seed in (1, 2):
        session = generator.session(seed=seed)
        session.feed("He opened the door, and")
        yield f"infill {seed}", written(session.infill(" in the garden.", max_new_tokens=30))
    yield "next", [repr(one) for one in generator.next("It was", 12, temperature=0.7)]
    session = generator.session(seed=5)
    session.feed("It was")
    yield "score", repr(session.score(" a dark night."))
    session.adapt("It was a bright cold day in April. " * 5)
    yield "adapt", written(session.generate(max_new_tokens=40))
    mixed = generator.session(seed=5)
    mixed.feed("Alas")
    yield "mix", written(type(session).mix(mixed, generator.session(), 0.4).generate())
    batch = [{"prompt": p, "seed": s, **c} for c in SETTINGS for p in PROMPTS[:2] for s in (1, 2)]
    rows = generator.generate_each(batch, max_new_tokens=40)
    yield "many rows", [written(one) for one in rows]


def trained() -> Iterator[tuple[str, Any]]:
    """Yield the bytes of 200 steps of two layers with labels, and what that model writes."""
    draw = random.Random(1)
    words = ["".join(draw.choices("etaoinshr", k=draw.randint(2, 7))) for _ in range(200)]
    with tempfile.TemporaryDirectory() as place:
        corpus, out = Path(place) / "rows.jsonl", Path(place) / "model"
        rows = (
            json.dumps({"text": " ".join(draw.choices(words, k=30)), "who": draw.choice("AB")})
            for _ in range(600)
        )
        corpus.write_text("\n".join(rows), encoding="utf-8")
        generator = TextGenerator.train(corpus, out=out, **TRAINING)
        yield "trained weights", digest((out / "model.safetensors").read_bytes())
        yield "trained history", quality_of(out / "history.jsonl")
        given: dict[str, Any] = {"seed": 9, "max_new_tokens": 60}
        yield "label A", written(generator.labelled({"A": 1}).generate("the", **given))
        yield "label mix", written(generator.labelled({"A": 0.5, "B": 0.5}).generate(**given))
        yield "max copy", written(generator.generate("", max_copy=12, **given))
        yield "evaluated", repr(generator.evaluate(corpus, split="validation"))


def quality_of(history: Path) -> list[Any]:
    """Return the losses in a history, which holds times and, by the clock, samples, too."""
    events = [json.loads(line) for line in history.read_text(encoding="utf-8").splitlines()]
    losses = ({k: v for k, v in one.items() if "loss" in k or "nats" in k} for one in events)
    return [one for one in losses if one]


def recorded() -> Cases:
    """Return all cases."""
    cases = dict(trained())
    for precision in ("int8", "fp32"):
        generator = TextGenerator.from_pretrained(precision=precision)
        found = itertools.chain(generations(generator), others(generator))
        for name, value in track(found, precision, console=Console(stderr=True)):
            cases[f"{precision} {name}"] = value
    return json.loads(json.dumps(cases))  # type: ignore[no-any-return]  # as a file has them


def record(path: Path) -> int:
    """Write all cases to a file."""
    path.write_text(json.dumps(recorded(), indent=1), encoding="utf-8")
    return 0


def compare(path: Path) -> int:
    """Tell which cases differ from those in a file."""
    before, now = json.loads(path.read_text(encoding="utf-8")), recorded()
    differing = [name for name in before | now if before.get(name) != now.get(name)]
    for name in differing:
        print(f"{name}\n  before: {before.get(name)}\n  now:    {now.get(name)}")
    print(f"{len(before)} cases, {len(differing)} differ")
    return 1 if differing else 0


def main() -> int:
    """Record or compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("act", choices=("record", "compare"))
    parser.add_argument("file", type=Path)
    arguments = parser.parse_args()
    acts: dict[str, Callable[[Path], int]] = {"record": record, "compare": compare}
    return acts[arguments.act](arguments.file)


if __name__ == "__main__":
    sys.exit(main())
