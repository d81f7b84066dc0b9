"""Tokens are named by a text that is exactly one, or by id; anything else gets a plain error."""

import math
from typing import Any

import pytest

from textgen.config.generation import GenerationConfig
from textgen.config.tokens import EOS_ID
from textgen.errors import UsageError
from textgen.runtime.generation.token_names import token_biases
from textgen.tokenization.tokenizer import Tokenizer


def biases(tokenizer: Tokenizer, **settings: Any) -> list[tuple[int, float]]:
    return token_biases(GenerationConfig(**settings), tokenizer)


def refusal(tokenizer: Tokenizer, **settings: Any) -> str:
    with pytest.raises(UsageError) as caught:
        biases(tokenizer, **settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_text_that_is_one_token_and_its_id_are_the_same(bpe_tokenizer: Tokenizer) -> None:
    (the,) = bpe_tokenizer.encode(" the").tolist()
    assert biases(bpe_tokenizer, logit_bias={" the": 2.5}) == [(the, 2.5)]
    assert biases(bpe_tokenizer, logit_bias={the: 2.5}) == [(the, 2.5)]
    assert biases(bpe_tokenizer, banned_tokens=(" the", the)) == [(the, -math.inf)]


def test_text_is_cleaned_before_it_is_looked_up(char_tokenizer: Tokenizer) -> None:
    assert biases(char_tokenizer, banned_tokens="\r\n") == biases(
        char_tokenizer, banned_tokens="\n"
    )


def test_end_of_text_is_named_by_its_id_alone(char_tokenizer: Tokenizer) -> None:
    assert biases(char_tokenizer, banned_tokens=EOS_ID) == [(EOS_ID, -math.inf)]
    assert "5 tokens" in refusal(char_tokenizer, banned_tokens="<eos>")


def test_text_of_several_tokens_is_refused_and_they_are_shown(char_tokenizer: Tokenizer) -> None:
    e, b = (int(char_tokenizer.encode(letter)[0]) for letter in "eb")
    assert refusal(char_tokenizer, logit_bias={"ebb": 1}) == (
        f"logit_bias: 'ebb' is 3 tokens of this model, not one: 'e' #{e}, 'b' #{b}, 'b' #{b}; "
        "name one of them, by its text or id"
    )
    long = refusal(char_tokenizer, banned_tokens="ebb" * 5000)
    assert f"'b' #{b}, ...; name" in long
    assert len(long) < 400


def test_bytes_of_a_broken_character_are_shown_as_such(char_tokenizer: Tokenizer) -> None:
    shown = refusal(char_tokenizer, banned_tokens="漢")
    tokens = char_tokenizer.encode("漢").tolist()
    listed = [
        f"bytes {byte:02x} #{token}" for byte, token in zip("漢".encode(), tokens, strict=True)
    ]
    assert f"banned_tokens: '漢' is 3 tokens of this model, not one: {', '.join(listed)};" in shown


def test_id_outside_the_vocabulary_is_refused_with_the_range(char_tokenizer: Tokenizer) -> None:
    last = char_tokenizer.vocab_size - 1
    assert biases(char_tokenizer, banned_tokens=last) == [(last, -math.inf)]
    for name in (-1, last + 1):
        assert refusal(char_tokenizer, banned_tokens=name) == (
            f"banned_tokens: no token has the id {name}; this model's are 0 to {last}"
        )


def test_one_token_at_least_is_left(char_tokenizer: Tokenizer) -> None:
    everything = tuple(range(char_tokenizer.vocab_size))
    assert len(biases(char_tokenizer, banned_tokens=everything[1:])) == len(everything) - 1
    assert "every token" in refusal(char_tokenizer, banned_tokens=everything)
