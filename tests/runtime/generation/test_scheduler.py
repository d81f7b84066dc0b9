"""Rows side by side: each has settings, errors and a place of its own."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count, islice
from typing import Any

import numpy as np
import pytest

from tests.seeded_models import seeded_weights
from textgen.artifact.model_folder import Model
from textgen.config.model import PRECISIONS, ModelConfig
from textgen.config.tokens import EOS_ID
from textgen.errors import DataError, UsageError
from textgen.generator import TextGenerator
from textgen.runtime.generation import loop, scheduler, snapshot
from textgen.runtime.generation.prompts import CountsReporter, Row
from textgen.runtime.generation.result import Generation
from textgen.runtime.generation.scheduler import RoundCounts

SHORT: dict[str, Any] = {"seed": 5, "max_new_tokens": 12}
# Letters, for a text that would end in half a character is left before that, and read again.
LETTERS: dict[str, Any] = {"top_k": 15}


class Rounds:
    """Keeps the counts of each round."""

    def __init__(self) -> None:
        self.counts: list[RoundCounts] = []
        self._reporter = CountsReporter(self.counts.append)

    def advance(self, stage: str, done: int, total: int | None = None) -> None:
        self._reporter.advance(stage, done, total)


def alone(generator: TextGenerator, prompt: str, seed: int, **settings: Any) -> Generation:
    result: Generation = generator.generate(prompt, **(SHORT | {"seed": seed} | settings))
    return result


def fail_at(prompt: str, generator: TextGenerator, returned: Any) -> Any:
    """Return a hook that goes wrong for one prompt alone, after some tokens."""
    marked = generator.tokenizer.encode(prompt).tolist()

    def hook(tokens: np.ndarray, logits: np.ndarray) -> Any:
        if tokens[: len(marked)].tolist() != marked or len(tokens) < len(marked) + 3:
            return logits
        if isinstance(returned, Exception):
            raise returned
        return returned

    return hook


def test_more_rows_than_slots_come_out_in_order_each_as_alone(generator: TextGenerator) -> None:
    prompts = [f"{number} ebb" for number in range(scheduler.SLOTS + 20)]
    results = generator.generate(prompts, **SHORT)
    assert results == [alone(generator, p, 5 + n) for n, p in enumerate(prompts)]


def test_rows_have_settings_of_their_own(generator: TextGenerator) -> None:
    rows: list[Row] = [
        "The",
        {"prompt": "The", "max_new_tokens": 3},
        {"prompt": "The", "temperature": 0, "stop": ["e"]},
        {"temperature": 2.0},
    ]
    assert generator.generate(rows, **SHORT) == [
        alone(generator, "The", 5),
        alone(generator, "The", 6, max_new_tokens=3),
        alone(generator, "The", 7, temperature=0, stop=("e",)),
        alone(generator, "", 8, temperature=2.0),
    ]


def test_seeds_count_on_unless_a_row_has_its_own(generator: TextGenerator) -> None:
    rows: list[Row] = ["a", {"prompt": "a", "seed": 99}, {"prompt": "a", "seed": None}, "a"]
    results = generator.generate(rows, **SHORT)
    assert [one.seed for one in results] == [5, 99, 7, 8]
    assert results == [alone(generator, "a", one.seed) for one in results]


def test_after_the_largest_seed_comes_0(generator: TextGenerator) -> None:
    largest = 2**63 - 1
    results = generator.generate(["a", "a"], **SHORT | {"seed": largest})
    assert results == [alone(generator, "a", seed) for seed in (largest, 0)]


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ({"prompt": "a", "temparature": 1}, "did you mean 'temperature'"),
        ({"prompt": "a", 3: 1}, "unknown setting '3'"),
        ({"prompt": "a", "temperature": "hot"}, "temperature is 'hot'"),
        ({"prompt": "a", "banned_tokens": ["whale"]}, "banned_tokens: 'whale'"),
        ({"prompt": "a\udcff"}, "lone surrogate"),
        ({"prompt": 3}, "prompt is of type int"),
        ({"prompt": None}, "prompt is of type NoneType"),
        (3, "row is of type int"),
        (None, "row is of type NoneType"),
        (["a"], "row is of type list"),
        (DataError("line 2: not JSON"), "line 2: not JSON"),
    ],
)
def test_error_of_a_row_is_its_result_and_the_others_are_as_alone(
    generator: TextGenerator, row: Any, error: str
) -> None:
    first, failed, last = generator.generate(["one", row, "two"], **SHORT)
    assert (first, last) == (alone(generator, "one", 5), alone(generator, "two", 7))
    assert failed.finish_reason == "error"
    assert failed.error is not None
    assert error in failed.error
    assert "\n" not in failed.error
    assert (failed.text, failed.tokens, failed.usage.completion_tokens) == ("", (), 0)


@pytest.mark.parametrize(
    ("returned", "error"),
    [
        (ValueError("no\nmore"), "logits processor hook failed: ValueError: no more"),
        (
            np.zeros(3, np.float32),
            "logits processor hook returned the shape (3,); it must be (258,)",
        ),
        (np.full(258, np.nan), "logits processor hook returned NaN or infinity"),
        (np.full(258, np.inf), "logits processor hook returned NaN or infinity"),
        (np.full(258, -np.inf), "no token is left to choose from"),
        ("letters", "logits processor hook failed: ValueError: could not convert"),
        (None, "logits processor hook returned"),
    ],
)
def test_hook_that_fails_for_one_row_leaves_the_others_as_alone(
    generator: TextGenerator, returned: Any, error: str
) -> None:
    hook = fail_at("bad", generator, returned)
    first, failed, last = generator.generate(
        ["one", "bad", "two"], logits_processors=[hook], **SHORT
    )
    assert (first, last) == (alone(generator, "one", 5), alone(generator, "two", 7))
    assert failed.finish_reason == "error"
    assert failed.error is not None
    assert failed.error.startswith(error)
    assert "\n" not in failed.error
    assert len(failed.tokens) == 3  # what was written before stays
    assert failed.tokens == alone(generator, "bad", 6).tokens[:3]
    with pytest.raises((UsageError, DataError)) as caught:
        generator.generate("bad", logits_processors=[hook], **SHORT)
    assert str(caught.value) == failed.error
    if isinstance(returned, Exception):
        assert caught.value.__cause__ is returned


def test_what_is_wrong_with_all_rows_is_raised_before_one_is_taken(
    generator: TextGenerator,
) -> None:
    taken = []
    rows = (taken.append(number) or "a" for number in count())  # type: ignore[func-returns-value]  # None, so that "a" is the row
    with pytest.raises(UsageError, match="did you mean 'temperature'"):
        next(generator.generate_each(rows, temparature=1))
    assert not taken


def test_no_rows_give_no_results(generator: TextGenerator) -> None:
    assert generator.generate([]) == []


def test_all_rows_may_be_wrong(generator: TextGenerator) -> None:
    results = generator.generate([{"prompt": 3}] * 100)
    assert [one.finish_reason for one in results] == ["error"] * 100


def test_empty_texts_among_others_take_no_place(generator: TextGenerator) -> None:
    rows: list[Row] = [{"prompt": "a", "max_new_tokens": n % 2} for n in range(150)]
    results = generator.generate(rows)
    assert [one.usage.completion_tokens for one in results] == [n % 2 for n in range(150)]
    assert all(one.finish_reason in ("length", "stop") for one in results)


def test_endless_rows_are_taken_as_places_become_free(generator: TextGenerator) -> None:
    taken = []

    def rows() -> Iterator[Row]:
        for number in count():
            taken.append(number)
            yield {"prompt": "a", "max_new_tokens": 1 + number % 5}

    results = list(islice(generator.generate_each(rows(), seed=0), 100))
    assert [one.seed for one in results] == list(range(100))
    assert len(taken) <= 100 + 2 * scheduler.SLOTS


def test_results_come_in_order_as_soon_as_those_before_them_are_there(
    generator: TextGenerator,
) -> None:
    rows: list[Row] = [{"max_new_tokens": length} for length in (1, 200, 1, 400)]
    rounds = Rounds()
    seen = [
        (one.seed, len(rounds.counts))
        for one in generator.generate_each(rows, seed=1, banned_tokens=(EOS_ID,), progress=rounds)
    ]
    assert [seed for seed, _ in seen] == [1, 2, 3, 4]
    first, second, third, last = (round_ for _, round_ in seen)
    assert first == 1 < second == third < last
    assert sum(advance.written for advance in rounds.counts) == 1 + 200 + 1 + 400


def test_all_can_be_ended_as_they_are(generator: TextGenerator) -> None:
    rows: list[Row] = ["a", {"prompt": "b", "max_new_tokens": 1}, {"prompt": 3}, "c"]
    settings: dict[str, Any] = {"seed": 1, "banned_tokens": (EOS_ID,), "max_new_tokens": -1}
    asked = count()
    results = list(generator.generate_each(rows, is_over=lambda: next(asked) == 2, **settings))
    reasons = [one.finish_reason for one in results]
    assert reasons == ["interrupted", "length", "error", "interrupted"]
    whole = generator.generate("a", **settings | {"max_new_tokens": 50})
    assert 0 < len(results[0].tokens) < 50
    assert whole.tokens[: len(results[0].tokens)] == results[0].tokens
    assert whole.text.startswith(results[0].text)


def test_longest_text_does_not_hold_up_a_place(generator: TextGenerator) -> None:
    rows: list[Row] = [{"max_new_tokens": 2000}, *[{"max_new_tokens": 5}] * 500]
    rounds = Rounds()
    list(generator.generate_each(rows, seed=1, banned_tokens=(EOS_ID,), progress=rounds))
    assert max(advance.written for advance in rounds.counts) > 5 * (scheduler.SLOTS - 1)
    assert len(rounds.counts) <= 2000 // scheduler.FEWEST_STEPS


@pytest.mark.parametrize("precision", PRECISIONS)
def test_long_prompts_are_read_in_turns_and_change_nothing(
    model: Model, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "MOST_PREFILL", 2048)
    generator = TextGenerator(model, precision=precision)
    prompts = ["ebb tide " * 700, "short", "", "flow " * 500]
    rounds = Rounds()
    results = list(generator.generate_each(prompts, progress=rounds, **SHORT, **LETTERS))
    assert [advance.read for advance in rounds.counts if advance.read] == [
        2048 + len("short") + 2048,
        2048 + 452,
        2048,
        156,
    ]
    assert results == [alone(generator, p, 5 + n, **LETTERS) for n, p in enumerate(prompts)]


@pytest.mark.parametrize("precision", PRECISIONS)
def test_short_prompts_are_read_side_by_side_and_change_nothing(
    model: Model, precision: str
) -> None:
    generator = TextGenerator(model, precision=precision)
    lengths = [0, 1, 7, snapshot.SHORT - 1, snapshot.SHORT, snapshot.SHORT + 1, 300]
    prompts = [("ebb tide " * 50)[:length] for length in lengths]
    rounds = Rounds()
    results = list(generator.generate_each(prompts, progress=rounds, **SHORT, **LETTERS))
    assert results == [alone(generator, p, 5 + n, **LETTERS) for n, p in enumerate(prompts)]
    assert sum(advance.read for advance in rounds.counts) == sum(lengths)
    assert sum(advance.written for advance in rounds.counts) == 12 * len(lengths)


def test_prompt_is_read_in_a_few_calls_however_little_is_written(
    generator: TextGenerator,
) -> None:
    rounds = Rounds()
    (_,) = generator.generate_each(["e" * snapshot.SHORT], max_new_tokens=1, progress=rounds)
    assert len(rounds.counts) == snapshot.SHORT // loop.MOST_STEPS + 1


def test_logits_of_one_call_are_bounded_however_large_the_vocabulary(
    generator: TextGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    write = generator.decoder.decode

    def watched(tokens: Any, state: Any, draws: Any) -> Any:
        block = write(tokens, state, draws)
        sizes.append(block.logits.size)
        return block

    expected = generator.generate(["a", "b"], **SHORT)
    monkeypatch.setattr(generator.decoder, "decode", watched)
    monkeypatch.setattr(loop, "MOST_LOGITS", 258 * 5)
    assert generator.generate(["a", "b"], **SHORT) == expected
    assert max(sizes) == 2 * 2 * 258
    monkeypatch.setattr(loop, "MOST_LOGITS", 1)  # one step at least
    assert generator.generate(["a", "b"], **SHORT) == expected


@pytest.mark.parametrize("precision", PRECISIONS)
def test_state_that_overflows_is_an_error_of_its_row(model: Model, precision: str) -> None:
    config = ModelConfig(
        vocab_size=model.config.vocab_size,
        embedding_size=4,
        units=(4,),
        activation=("relu",),
        recurrent_activation=("linear",),
    )
    weights = seeded_weights(config, scale=3.0)
    generator = TextGenerator(replace(model, config=config, weights=weights), precision=precision)
    (result,) = generator.generate(["a"], seed=1, banned_tokens=(EOS_ID,))
    assert result.error is not None
    assert "state overflowed" in result.error
    assert np.isfinite(result.logprobs).all()
