"""A small text: enough to train on, the same every time."""

import random

LEXICON = "a and came cold ferry fog gull harbour late light man noon of old quay rain the"
WORDS = LEXICON.split()


def _sentence(source: random.Random) -> str:
    return " ".join(source.choices(WORDS, k=source.randint(4, 9))).capitalize() + "."


def make_text(sentences: int, seed: int = 1) -> str:
    """Return a text of sentences, one a line."""
    source = random.Random(seed)
    return "".join(f"{_sentence(source)}\n" for _ in range(sentences))


SMALL_TEXT = make_text(160)
