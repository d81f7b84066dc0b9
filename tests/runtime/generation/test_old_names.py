"""Old public names still work, and name the new ones in a warning."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from textgen import TextGenerator

SETTINGS: dict[str, Any] = {"seed": 1, "max_new_tokens": 8}


def shift(tokens: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Give each token the logit of the one before."""
    return np.roll(logits, 1)


@pytest.mark.parametrize(
    "generate",
    [
        lambda generator, **others: generator.generate("a", **others).text,
        lambda generator, **others: generator.generate(["a"], **others)[0].text,
        lambda generator, **others: next(generator.generate_each(["a"], **others)).text,
        lambda generator, **others: "".join(generator.stream("a", **others)),
        lambda generator, **others: generator.session().generate(**others).text,
        lambda generator, **others: "".join(generator.session().stream(**others)),
    ],
)
def test_hooks_are_logits_processors(
    generator: TextGenerator, generate: Callable[..., str]
) -> None:
    with pytest.warns(DeprecationWarning, match="now called logits_processors") as caught:
        text = generate(generator, hooks=[shift], **SETTINGS)
    assert [one.filename for one in caught] == [__file__]
    assert text == generate(generator, logits_processors=[shift], **SETTINGS)
    assert text != generate(generator, **SETTINGS)


def test_moment_is_the_snapshot(generator: TextGenerator) -> None:
    session = generator.session()
    session.feed("a")
    with pytest.warns(DeprecationWarning, match="now called snapshot"):
        assert session.moment is session.snapshot


def test_advanced_is_called_with_the_counts_of_each_round(generator: TextGenerator) -> None:
    rounds: list[tuple[int, int]] = []
    with pytest.warns(DeprecationWarning, match="called progress now") as caught:
        texts = generator.generate_each(["ab"], advanced=rounds.append, **SETTINGS)
    assert [one.filename for one in caught] == [__file__]
    (text,) = texts
    assert [sum(counts) for counts in zip(*rounds, strict=True)] == [2, len(text.tokens)]
