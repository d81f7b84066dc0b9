"""A text goes another way where it comes to what is banned, and nobody sees that it did."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.any_settings import ANY_SETTINGS, PROMPTS, SEEDS
from textgen import TextGenerator
from textgen.artifact.model_folder import Model
from textgen.config.generation import GenerationConfig
from textgen.errors import DataError, UsageError
from textgen.tokenization.tokenizer import Tokenizer

PHRASES = st.lists(st.text("abcdefgh ", min_size=1, max_size=3), min_size=1, max_size=4).map(tuple)
FREE = ANY_SETTINGS.filter(lambda s: s.get("beams", 1) == 1)


@settings(max_examples=300)
@given(PROMPTS, FREE, PHRASES)
def test_banned_text_is_never_written_whatever_else_is_set(
    generator: TextGenerator, prompt: str, chosen: dict[str, Any], phrases: tuple[str, ...]
) -> None:
    stream = generator.stream(prompt, **{**chosen, "ban": phrases, "ban_any_case": False})
    pieces = []
    try:
        pieces += list(stream)
    except DataError as error:
        assume("every continuation is banned" in str(error))
    text = "".join(pieces)
    assert not any(phrase in text for phrase in phrases)
    assert text == stream.result().text


@settings(max_examples=300)
@given(PROMPTS, FREE, PHRASES)
def test_text_that_comes_to_nothing_banned_is_the_one_that_nobody_watches(
    generator: TextGenerator, prompt: str, chosen: dict[str, Any], phrases: tuple[str, ...]
) -> None:
    chosen = {**chosen, "ban": (), "ban_any_case": False}
    free = generator.generate(prompt, **chosen)
    read = generator.tokenizer.decode([*generator.tokenizer.encode(prompt), *free.tokens])
    assume(not any(phrase in read for phrase in phrases))
    assert generator.generate(prompt, **{**chosen, "ban": phrases}) == free


@settings(max_examples=100)
@given(
    SEEDS,
    st.text("abcdefgh ", min_size=1, max_size=3),
    st.sampled_from([{}, {"mirostat": 2}, {"repetition_penalty": 1.3}]),
)
def test_text_before_a_banned_phrase_stays_and_another_token_takes_its_place(
    generator: TextGenerator, seed: int, phrase: str, others: dict[str, Any]
) -> None:
    chosen: dict[str, Any] = {"max_new_tokens": 60, "seed": seed, **others}
    free = generator.generate("", **chosen).text
    first = free.find(phrase)
    assume(first >= 0)
    assume(first == 0 or free[first - 1] not in phrase)  # so that no phrase begins before
    text = generator.generate("", **chosen, ban=(phrase,)).text
    assert text[:first] == free[:first]
    assert text[first : first + 1] != free[first]


def test_phrase_that_the_prompt_begins_is_not_finished(generator: TextGenerator) -> None:
    for seed in range(30):
        chosen: dict[str, Any] = {"seed": seed, "max_new_tokens": 1, "temperature": 2.0}
        text = generator.generate("ab", **chosen, ban=("abe", "aba", "b ")).text
        assert not text.startswith(("e", "a", " "))


def test_any_case_is_banned_on_request(generator: TextGenerator) -> None:
    chosen: dict[str, Any] = {"seed": 1, "max_new_tokens": 200, "temperature": 1.5}
    assert "e" in generator.generate("", **chosen, ban=("E",)).text
    text = generator.generate("", **chosen, ban=("E", "Ab"), ban_any_case=True).text
    assert "e" not in text.lower()
    assert "ab" not in text.lower()


def test_ban_holds_across_tokens_of_several_letters(bpe_generator: TextGenerator) -> None:
    chosen: dict[str, Any] = {"max_new_tokens": 150, "temperature": 1.2}
    free = "".join(bpe_generator.generate("", seed=s, **chosen).text for s in range(5))
    phrases = tuple({free[at : at + 4] for at in range(0, len(free) - 4, 50)})
    text = "".join(bpe_generator.generate("", seed=s, **chosen, ban=phrases).text for s in range(5))
    assert not any(phrase in text for phrase in phrases)


def test_ban_of_every_token_is_refused_before_anything_is_written(
    generator: TextGenerator, char_tokenizer: Tokenizer
) -> None:
    every = tuple({char_tokenizer.decode([t]) for t in range(1, char_tokenizer.vocab_size)})
    with pytest.raises(UsageError, match="ban leaves no token"):
        generator.generate("", ban=every)


def test_dead_end_behind_certain_text_is_a_clear_error(model: Model) -> None:
    """Only "a" and "b" may be written; behind "ab" there is no way without "aa", "ab" or "b"."""
    tokenizer = model.tokenizer
    others = tuple(
        token
        for token in range(tokenizer.vocab_size)
        if tokenizer.token_bytes(token) not in (b"a", b"b")
    )
    generator = TextGenerator(model)
    stream = generator.stream("", banned_tokens=others, ban=("aa", "bb", "ab", "ba"), seed=1)
    with pytest.raises(DataError, match="every continuation is banned here"):
        list(stream)
    assert stream.result().finish_reason == "error"
    assert len(generator.generate("", banned_tokens=others, ban=("aa", "bb"), seed=1).text) == 300


def test_dead_end_in_text_that_is_held_back_goes_one_token_further_back(model: Model) -> None:
    """Behind "c" comes nothing that is allowed, and "c" may be part of what is banned."""
    tokenizer = model.tokenizer
    letters = (b"a", b"b", b"c")
    others = tuple(
        token
        for token in range(tokenizer.vocab_size)
        if tokenizer.token_bytes(token) not in letters
    )
    bias = tuple((letter.decode(), 20.0 * (letter == b"c")) for letter in letters)
    chosen: dict[str, Any] = {"banned_tokens": others, "logit_bias": bias, "max_new_tokens": 50}
    text = TextGenerator(model).generate("", ban=("ca", "cb", "cc"), seed=2, **chosen).text
    assert set(text[:-1]) == {"a", "b"}


@pytest.mark.parametrize("other", [{"beams": 2}, {"regex": "a+"}])
def test_what_cannot_go_back_is_refused(other: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="ban"):
        GenerationConfig(ban=("x",), **other)


def test_endless_text_with_bans_keeps_no_more_and_more(generator: TextGenerator) -> None:
    stream = generator.stream(
        "", ban=("e", "th"), max_new_tokens=-1, remembered=10, seed=1, banned_tokens=(0,)
    )
    sizes = []
    for _ in range(3):
        for _ in range(400):
            next(stream)
        history = stream._sequence.rewind_hook._history  # type: ignore[union-attr]  # what may grow unseen
        sizes.append((len(history._tokens), len(history._points), len(history.refused)))
    assert max(max(row) for row in sizes) < 300


def test_hooks_see_the_tokens_that_stand(generator: TextGenerator) -> None:
    seen: list[tuple[int, ...]] = []

    def watch(tokens: np.ndarray[Any, Any], logits: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        seen.append(tuple(tokens.tolist()))
        return logits

    result = generator.generate(
        "", logits_processors=[watch], ban=("e", "a b"), max_new_tokens=60, seed=4
    )
    assert seen[-1] == result.tokens[:-1]


@pytest.fixture(scope="module")
def bpe_generator(bpe_tokenizer: Tokenizer, model: Model) -> TextGenerator:
    config = dataclasses.replace(model.config, vocab_size=bpe_tokenizer.vocab_size)
    from tests.seeded_models import seeded_weights

    weights = seeded_weights(config)
    return TextGenerator(Model(config, weights, bpe_tokenizer, GenerationConfig()))
