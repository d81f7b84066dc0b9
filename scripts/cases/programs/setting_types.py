"""Gives settings as NumPy scalars and the like, beside the same as Python's own."""

import re
from functools import partial
from typing import Any

import numpy as np

from cases.programs.outcome import attempt
from textgen import TextGenerator

SAME: dict[str, tuple[Any, Any]] = {
    "temperature": (np.float32(0.5), 0.5),
    "top_p": (np.float64(0.5), 0.5),
    "min_p": (np.float16(0.25), 0.25),
    "seed": (np.random.default_rng(1).integers(2**31), None),
    "top_k": (np.int64(5), 5),
    "max_new_tokens": (np.int32(6), 6),
    "repeat_last_n": (np.uint8(9), 9),
    "ban_any_case": (np.bool_(True), True),
    "stop": (np.array([" the", " of"]), (" the", " of")),
    "ban": ([np.str_(" the")], (" the",)),
    "logit_bias": ({"e": np.float32(2)}, {"e": 2.0}),
    "presence_penalty": (np.float32(0.5), 0.5),
    "mirostat": (np.int64(2), 2),
    "top_n_sigma": (np.float32(2), 2.0),
}
TOLD: dict[str, dict[str, Any]] = {
    "json_schema": {"json_schema": {"enum": ["yes"]}},
    "regex": {"regex": re.compile("yes|no")},
    "stop None": {"stop": None},
    "stop set": {"stop": {" the"}},
    "stop str": {"stop": " the"},
    "temp": {"temp": 0.5},
    "max_length": {"max_length": 5},
    "num_samples": {"num_samples": 2},
    "do_sample": {"do_sample": True},
    "temperature str": {"temperature": "0.5"},
    "top_k 5.5": {"top_k": 5.5},
    "seed array": {"seed": np.array([1, 2])},
}


def text(generator: TextGenerator, **settings: Any) -> str:
    """Write a text, with a seed unless there is one."""
    return generator.generate("The", **({"seed": 3, "max_new_tokens": 12} | settings)).text


def both(generator: TextGenerator, name: str) -> list[str]:
    """Return the text of a NumPy setting, and that of Python's own."""
    theirs, ours = SAME[name]
    ours = int(theirs) if ours is None else ours
    return [text(generator, **{name: theirs}), text(generator, **{name: ours})]


def main() -> None:
    """Try all settings."""
    generator = TextGenerator.from_pretrained()
    for name in SAME:
        attempt(f"same {name}", both, generator, name)
    for name, settings in TOLD.items():
        attempt(f"told {name}", partial(text, generator, **settings))


main()
