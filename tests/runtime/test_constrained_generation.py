"""Constrained texts end in time, whatever the model would rather write."""

import json
import re
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.runtime.constraints.test_constraint import SUM, is_sum
from tests.seeded_models import seeded_weights
from textgen.artifact.model_folder import Model
from textgen.config.generation import GenerationConfig
from textgen.config.model import ModelConfig
from textgen.config.tokens import EOS_ID
from textgen.errors import DataError, UsageError
from textgen.generator import TextGenerator
from textgen.runtime.generation.result import Generation
from textgen.tokenization.tokenizer import Tokenizer

# Everything that a weak model could go on with for ever: letters, digits, lists, objects.
SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "n": {"type": "number"},
        "tags": {"type": "array", "items": {"type": "string", "pattern": "^[a-z ]*!!$"}},
        "more": {"type": "object"},
    },
    "required": ["name", "n"],
}
CHOICE = ("the tide", "the boats wait for the tide to turn", "12345")
REGEX = r"[A-Za-z ]*\.( [a-z]+ly!)?"


def fits_schema(text: str) -> bool:
    value = json.loads(text)
    return (
        {"name", "n"} <= value.keys()
        and isinstance(value["name"], str)
        and isinstance(value["n"], int | float)
        and all(re.fullmatch("[a-z ]*!!", tag) for tag in value.get("tags", []))
    )


CASES: dict[str, tuple[dict[str, Any], Callable[[str], Any]]] = {
    "regex": ({"regex": REGEX}, lambda text: re.fullmatch(REGEX, text)),
    "choice": ({"choice": CHOICE}, lambda text: text in CHOICE),
    "json_schema": ({"json_schema": json.dumps(SCHEMA)}, fits_schema),
    "grammar": ({"grammar": SUM}, is_sum),
}
PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 3},
        "mail": {"type": "string", "pattern": r"^[a-z]+@[a-z]+\.com$"},
        "home": {
            "type": "object",
            "properties": {"zip": {"type": "integer", "minimum": 100}, "in": {"enum": ["F", "D"]}},
            "required": ["zip", "in"],
        },
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2},
    },
    "required": ["name", "mail", "home", "tags"],
}
TREE = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "type": "object",
            "properties": {"of": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
            "required": ["of"],
        }
    },
}
STRINGS = {"type": "array", "items": {"type": "string"}, "minItems": 3}
HARD: list[dict[str, Any]] = [
    {"regex": r"The .* end\."},
    {"regex": r"(.*\n){3}"},
    {"regex": r"[a-z]{20}"},
    {"regex": r"[a-z0-9._]+@[a-z]+\.(com|org|net)"},
    {"json_schema": json.dumps(PERSON)},
    {"json_schema": json.dumps(TREE)},
    {"json_schema": '{"type": "array", "minItems": 3}'},
    {"json_schema": "true"},
    {"grammar": 'start: ("ab" | "cd")* "xyz"'},
    {"grammar": 'start: "q" start "r" | "c"'},
    {"grammar": 'start: "<b>" BODY "</b>"\nBODY: /[^<]*/'},
]
MODELS = ("char int8", "char fp32", "bpe fp32", "words fp32")


@pytest.fixture(scope="module")
def generator_of(model: Model, bpe_tokenizer: Tokenizer, text: str) -> Any:
    """Return a generator by its name in `MODELS`."""

    @lru_cache(None)
    def make(name: str) -> TextGenerator:
        kind, precision = name.split()
        if kind == "char":
            return TextGenerator(model, precision=precision)
        words = f'{text} {SUM} {{ }} [ ] , : " "name" "n" "tags" 1 2 3 4 12345 .'
        strict = Tokenizer.train("word-strict", [words], normal_form="nfc")
        tokenizer = bpe_tokenizer if kind == "bpe" else strict
        config = ModelConfig(
            vocab_size=tokenizer.vocab_size, embedding_size=8, units=(12,), layers=1
        )
        weights = seeded_weights(config)
        return TextGenerator(
            Model(config, weights, tokenizer, GenerationConfig()), precision=precision
        )

    return make


def write(generator: TextGenerator, texts: int = 1, **settings: Any) -> list[Generation]:
    given = {"seed": 0, "temperature": 1.5, "max_new_tokens": 60} | settings
    return generator.generate([""] * texts, **given)


def check(generator: TextGenerator, name: str, texts: int) -> None:
    settings, fits = CASES[name]
    for result in write(generator, texts, **settings):
        assert result.finish_reason == "stop", result
        assert fits(result.text), result.text


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("kind", MODELS)
def test_every_text_ends_in_time_and_fits(generator_of: Any, kind: str, name: str) -> None:
    check(generator_of(kind), name, 20)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("kind", MODELS)
def test_a_thousand_texts_end_in_time_and_fit(generator_of: Any, kind: str, name: str) -> None:
    check(generator_of(kind), name, 1000)


@pytest.mark.parametrize("settings", HARD, ids=lambda settings: next(iter(settings.values()))[:24])
@pytest.mark.parametrize("kind", ["char int8", "bpe fp32"])
def test_endings_are_found_in_all_sorts_of_grammars(
    generator_of: Any, kind: str, settings: dict[str, Any]
) -> None:
    for result in write(generator_of(kind), 3, max_new_tokens=100, **settings):
        assert result.finish_reason == "stop", result
        regex = settings.get("regex")
        assert re.fullmatch(regex, result.text) if regex else True
        assert "json_schema" not in settings or json.loads(result.text) is not ...


@given(
    room=st.integers(10, 60), seed=st.integers(0, 2**32), name=st.sampled_from(("regex", "grammar"))
)
def test_any_number_of_tokens_is_enough_from_the_shortest_on(
    generator_of: Any, room: int, seed: int, name: str
) -> None:
    settings, fits = CASES[name]
    (result,) = write(generator_of("char int8"), max_new_tokens=room, seed=seed, **settings)
    assert result.finish_reason == "stop"
    assert fits(result.text)


def test_text_that_fits_exactly_needs_no_token_more(generator: TextGenerator) -> None:
    for text in ("[0-9]{3}", "[0-9]{3}x?"):
        result = generator.generate(max_new_tokens=3, regex=text, seed=1)
        assert result.finish_reason == "stop"
        assert re.fullmatch("[0-9]{3}", result.text)
        assert len(result.tokens) == 3


def test_text_that_nothing_can_follow_ends_without_eos(generator: TextGenerator) -> None:
    result = generator.generate(max_new_tokens=30, regex="[0-9]{3}")
    assert len(result.tokens) == 3
    assert EOS_ID not in result.tokens


def test_text_that_may_go_on_ends_with_eos_or_with_the_last_token(generator: TextGenerator) -> None:
    results = generator.generate([""] * 30, max_new_tokens=5, regex="[0-9]+", seed=0)
    assert {result.finish_reason for result in results} == {"stop"}
    for result in results:
        assert result.text.isdecimal()
        assert len(result.tokens) == 5 or result.tokens[-1] == EOS_ID


def test_shorter_choices_are_found_where_longer_ones_do_not_fit(generator: TextGenerator) -> None:
    results = generator.generate([""] * 10, max_new_tokens=8, choice=CHOICE, seed=0)
    assert {result.text for result in results} <= {"the tide", "12345"}


@pytest.mark.parametrize(
    ("settings", "most", "least"),
    [
        ({"regex": "[a-z]{100}"}, 99, 100),
        ({"choice": CHOICE}, 4, 5),
        ({"json_schema": json.dumps(STRINGS)}, 9, 10),
        ({"grammar": 'start: "<think>" /[a-z]/ "</think>"'}, 0, 16),
    ],
)
def test_too_few_tokens_are_an_error_at_once(
    generator: TextGenerator, settings: dict[str, Any], most: int, least: int
) -> None:
    with pytest.raises(UsageError) as caught:
        generator.stream(max_new_tokens=most, **settings)
    message = rf"{next(iter(settings))}: no text that fits was found in {most} tokens, only one of "
    assert re.fullmatch(message + r"\d+; raise max_new_tokens", str(caught.value))
    assert generator.generate(max_new_tokens=least, **settings).finish_reason == "stop"


def test_no_tokens_are_enough_for_the_empty_text(generator: TextGenerator) -> None:
    result = generator.generate(max_new_tokens=0, regex="a*")
    assert (result.text, result.finish_reason) == ("", "stop")


def test_without_a_limit_a_text_ends_where_the_grammar_does(generator: TextGenerator) -> None:
    text = generator.generate(max_new_tokens=-1, choice=CHOICE, seed=0).text
    assert text in CHOICE


def test_huge_counts_are_no_hang(generator: TextGenerator) -> None:
    start = time.perf_counter()
    with pytest.raises(UsageError, match="regex: no text can fit it"):
        generator.generate(max_new_tokens=20, regex="((a{1000}){1000}){1000}")
    assert time.perf_counter() - start < 10


def test_dead_ends_are_avoided(generator_of: Any) -> None:
    generator = generator_of("words fp32")
    results = write(generator, 20, regex="(the nonsenseword|the tide)", max_new_tokens=9)
    assert {result.text for result in results} == {"the tide"}


def test_banned_tokens_are_in_no_ending(generator: TextGenerator) -> None:
    settings: dict[str, Any] = {"regex": "[a-z]+(!|[.])", "banned_tokens": ("!",)}
    for result in write(generator, 20, max_new_tokens=12, **settings):
        assert re.fullmatch("[a-z]+[.]", result.text)


STOPPED = "stop and stop_at would cut what"
IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({"regex": "a", "choice": ("b",)}, "regex and choice exclude each other"),
    ({"regex": "a", "stop": ("b",)}, STOPPED),
    ({"choice": ("a",), "stop_at": "line"}, STOPPED),
    ({"grammar": SUM, "beams": 2}, "beams and grammar exclude each other"),
    ({"regex": "a+", "banned_tokens": ("a",)}, "nothing that this model can write fits"),
    ({"regex": "[a-z]{3}", "min_new_tokens": 9}, "no token is left to choose from"),
    ({"json_schema": '{"type": "object"}', "banned_tokens": ("}",)}, "no text can fit it"),
    ({"regex": "ab|ac", "banned_tokens": ("b", "c")}, "no text can fit it"),
]


@pytest.mark.parametrize(("settings", "message"), IMPOSSIBLE)
def test_contradiction_is_one_clear_line(
    generator: TextGenerator, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises((UsageError, DataError)) as caught:
        generator.generate(**{"max_new_tokens": 20} | settings)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_contradictions_leave_the_rest_of_a_batch_alone(generator: TextGenerator) -> None:
    rows = [settings for settings, _ in IMPOSSIBLE for settings in (settings, {"regex": REGEX})]
    results = generator.generate(rows, seed=0, max_new_tokens=20)
    assert [result.finish_reason for result in results] == ["error", "stop"] * len(IMPOSSIBLE)
    for result, (_, message) in zip(results[::2], IMPOSSIBLE, strict=True):
        assert message in (result.error or "")


@pytest.mark.parametrize("kind", ["char int8", "char fp32"])
def test_text_is_the_same_alone_in_a_batch_and_as_a_stream(generator_of: Any, kind: str) -> None:
    generator = generator_of(kind)
    rows = [{"seed": seed} | settings for settings, _ in CASES.values() for seed in range(4)]
    mixed = [row for settings in rows for row in (settings, {"seed": 3})]
    together = generator.generate(mixed, max_new_tokens=40, temperature=1.5)[::2]
    assert together == [
        generator.generate(max_new_tokens=40, temperature=1.5, **row) for row in rows
    ]
    for row, result in zip(rows, together, strict=True):
        pieces = list(generator.stream(max_new_tokens=40, temperature=1.5, **row))
        assert "".join(pieces) == result.text
        assert "" not in pieces


def test_hooks_are_asked_once_for_each_token(generator: TextGenerator) -> None:
    seen = list[int]()

    def hook(tokens: np.ndarray, logits: np.ndarray) -> np.ndarray:
        seen.append(len(tokens))
        return logits

    result = generator.generate(
        regex="[a-z ]*the end", max_new_tokens=20, logits_processors=[hook], seed=2
    )
    assert result.text.endswith("the end")
    assert seen == list(range(len(result.tokens)))


def test_filters_with_a_memory_take_the_tokens_of_an_ending(generator: TextGenerator) -> None:
    settings: dict[str, Any] = {"mirostat": 2, "repetition_penalty": 1.3, "dry_multiplier": 0.8}
    for result in write(generator, 5, regex="[a-z ]*the end", max_new_tokens=24, **settings):
        assert result.text.endswith("the end")
