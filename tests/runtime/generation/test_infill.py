"""Text between two others: it joins what is behind better than what looks at nothing."""

from typing import Any

import numpy as np
import pytest

from textgen import TextGenerator
from textgen.artifact.model_folder import Model
from textgen.errors import DataError, UsageError
from textgen.runtime.generation.infill import CANDIDATES, LOOK_AHEAD, with_space

CHOSEN: dict[str, Any] = {"seed": 5, "max_new_tokens": 12, "banned_tokens": (0,)}


def behind_nats(generator: TextGenerator, before: str, behind: str) -> float:
    """Return the nats of the first tokens of a text behind another."""
    session = generator.session()
    session.feed(before)
    quality = session.score(behind[:LOOK_AHEAD])
    return quality.nats_per_token * quality.tokens


def test_no_other_place_in_any_candidate_joins_better(model: Model) -> None:
    generator = TextGenerator(model, precision="fp32")
    before, behind = "the har", "qu zz bay"
    session = generator.session(**CHOSEN)
    session.feed(before)
    found = session.infill(behind)
    assert found.finish_reason == "joined"
    assert 1 <= len(found.tokens) <= 12
    best = behind_nats(generator, before + found.text, behind)
    others = [
        behind_nats(generator, before + text[:end], behind)
        for seed in range(5, 5 + CANDIDATES)
        for text in [generator.generate(before, **CHOSEN | {"seed": seed}).text]
        for end in range(1, len(text) + 1)
    ]
    assert best == pytest.approx(min(others), abs=1e-3)


def test_session_stands_behind_the_filling_and_can_take_it_back(generator: TextGenerator) -> None:
    session = generator.session(**CHOSEN)
    session.feed("the har")
    found = session.infill("and so on")
    assert session.text == "the har" + found.text
    session.undo(len(found.tokens))
    assert session.text == "the har"
    assert session.infill("and so on") == found


def test_candidates_end_where_the_model_ends_the_text(model: Model) -> None:
    weights = {name: array.copy() for name, array in model.weights.items()}
    weights["logits.bias"][0] += 9
    generator = TextGenerator(Model(**{**vars(model), "weights": weights}))
    session = generator.session(seed=1, max_new_tokens=40)
    found = session.infill("abc")
    assert 0 not in found.tokens
    weights["logits.bias"][0] += 99
    generator = TextGenerator(Model(**{**vars(model), "weights": weights}))
    with pytest.raises(DataError, match="ends the text here at once"):
        generator.session(seed=1).infill("abc")


def test_nothing_behind_is_refused(generator: TextGenerator) -> None:
    with pytest.raises(UsageError, match="the text after the gap is empty"):
        generator.session().infill("")


@pytest.mark.parametrize(
    ("behind", "wanted"),
    [("two", " two"), (", two", ", two"), (" two", " two"), ("é", " é"), ("二", "二"), ("", "")],
)
def test_a_word_behind_gets_its_space(behind: str, wanted: str) -> None:
    assert with_space(behind) == wanted


def test_logprobs_are_those_of_the_tokens(generator: TextGenerator) -> None:
    session = generator.session(**CHOSEN)
    found = session.infill("xyz")
    assert len(found.logprobs) == len(found.tokens) == found.usage.completion_tokens
    assert np.all(np.array(found.logprobs) <= 0)
