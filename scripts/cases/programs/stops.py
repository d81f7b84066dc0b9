"""Compares text and stream for many sets of stops, single, overlapping, and within emoji."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np

from cases.programs.outcome import tell
from textgen import TextGenerator

SETS = 200
EMOJI = "A 👩\u200d💻👩\u200d🚒 ☕ end"
WITHIN = ("\u200d", "💻", "\u200d🚒", "👩\u200d🚒", "☕", "🚒 ☕")


def dictated(generator: TextGenerator, text: str) -> Callable[[Any, Any], Any]:
    """Return a hook that lets nothing be written but a text."""
    wanted = generator.tokenizer.encode(text).tolist()
    start: list[int] = []

    def only_that(tokens: Any, logits: Any) -> Any:
        start[:] = start or [len(tokens)]
        kept = np.full_like(logits, -np.inf)
        kept[wanted[len(tokens) - start[0]]] = 0
        return kept

    return only_that


def wanted(text: str, stops: list[str]) -> str:
    """Return a text up to the stop in it that is the first to be complete."""
    found = [(text.find(stop) + len(stop), text.find(stop)) for stop in stops if stop in text]
    return text[: min(found)[1]] if found else text


def some_stops(source: random.Random, text: str) -> list[str]:
    """Return pieces of a text, some of which overlap, and one that is not in it."""
    stops = ["qqq"]
    for _ in range(source.randint(1, 4)):
        start, length = source.randrange(len(text)), source.randint(1, 9)
        stops.append(text[start : start + length])
        if source.random() < 0.3:
            stops.append(text[start + length // 2 : start + length + 3] or "zq")
    return stops


def compare(generator: TextGenerator, name: str, stops: list[str], plain: str, **how: Any) -> None:
    """Tell whether text and stream end where they should."""
    hooks = [dictated(generator, how.pop("dictate"))] if "dictate" in how else []
    text = generator.generate("The", stop=tuple(stops), logits_processors=hooks, **how).text
    hooks = [dictated(generator, plain)] if hooks else []
    stream = "".join(generator.stream("The", stop=tuple(stops), logits_processors=hooks, **how))
    right = text == stream == wanted(plain, stops)
    tell(name, "same" if right else f"{stops}: {text!r}, {stream!r}")


def main() -> None:
    """Try sets of stops."""
    generator, source = TextGenerator.from_pretrained(), random.Random(1)
    for number in range(SETS):
        how: dict[str, Any] = {"max_new_tokens": 60, "seed": number % 20}
        plain = generator.generate("The", **how).text
        compare(generator, str(number), some_stops(source, plain), plain, **how)
    length = len(generator.tokenizer.encode(EMOJI))
    for stop in WITHIN:
        how = {"max_new_tokens": length, "seed": 1, "dictate": EMOJI}
        compare(generator, f"within {stop}", [stop], EMOJI, **how)


main()
