"""A text ends where its settings say, not before, and says why."""

from typing import Any

import pytest

from tests.dictation import dictate
from tests.seeded_models import seeded_weights
from textgen import TextGenerator, UsageError
from textgen.artifact.model_folder import Model
from textgen.config.generation import GenerationConfig
from textgen.config.model import ModelConfig
from textgen.config.tokens import EOS_ID
from textgen.tokenization.tokenizer import Tokenizer


@pytest.mark.parametrize(
    "chosen", [{}, {"min_p": 0.9}, {"min_p": 0.9, "top_p": 0.5}, {"typical_p": 0.9}, {"beams": 2}]
)
def test_text_never_ends_before_its_least_length(
    generator: TextGenerator, chosen: dict[str, Any]
) -> None:
    eager: dict[str, Any] = {"logit_bias": {EOS_ID: 60.0}, "max_new_tokens": 90, "seed": 1}
    assert generator.generate("", **eager, **chosen).tokens == (EOS_ID,)
    for least in (1, 33, 64):
        late = generator.generate("", min_new_tokens=least, **eager, **chosen)
        assert late.tokens.index(EOS_ID) == least == len(late.tokens) - 1
    exact = generator.generate("", min_new_tokens=90, **eager, **chosen)
    assert len(exact.tokens) == 90
    assert exact.finish_reason == "length"


def test_nothing_stops_a_text_before_its_least_length(generator: TextGenerator) -> None:
    tokens = generator.tokenizer.encode("One. Two.\nThree. Four.\n\nFive. Six. Seven.").tolist()
    cases: list[tuple[dict[str, Any], str]] = [
        ({"stop": ("o",)}, "One. Two.\nThree. F"),
        ({"stop_at": "sentence"}, "One. Two.\nThree. "),
        ({"stop_at": "line"}, "One. Two.\nThree. Four.\n"),
    ]
    for chosen, text in cases:
        result = generator.generate(
            "", logits_processors=[dictate(tokens)], min_new_tokens=12, **chosen
        )
        assert result.text.rstrip() == text.rstrip(), chosen
        assert result.finish_reason == "stop"


def test_length_that_contradicts_itself_is_refused(generator: TextGenerator) -> None:
    with pytest.raises(UsageError, match="min_new_tokens is 6, above max_new_tokens"):
        generator.generate("", min_new_tokens=6, max_new_tokens=5)
    everything = tuple(range(1, generator.tokenizer.vocab_size))
    with pytest.raises(UsageError, match="min_new_tokens forbids"):
        generator.generate("", min_new_tokens=1, banned_tokens=everything)


@pytest.fixture(scope="module")
def bpe_generator(bpe_tokenizer: Tokenizer) -> TextGenerator:
    config = ModelConfig(vocab_size=bpe_tokenizer.vocab_size, embedding_size=4, units=(6,))
    weights = seeded_weights(config)
    return TextGenerator(Model(config, weights, bpe_tokenizer, GenerationConfig()))


@pytest.mark.parametrize("stop", ["ry at", "the ferry", "e", " ", "day, an", "ferry at the"])
def test_stop_strings_are_found_across_the_borders_of_tokens(
    bpe_generator: TextGenerator, stop: str
) -> None:
    text = "all day, and the ferry at the pier"
    tokens = bpe_generator.tokenizer.encode(text).tolist()
    assert len(tokens) < len(text) / 2
    hooks = [dictate(tokens)]
    result = bpe_generator.generate("", logits_processors=hooks, stop=("never", stop))
    assert result.text == text[: text.index(stop)]
    assert result.finish_reason == "stop"
    assert result.usage.completion_tokens <= len(tokens)
    assert (
        "".join(bpe_generator.stream("", logits_processors=hooks, stop=("never", stop)))
        == result.text
    )


@pytest.mark.parametrize(
    ("unit", "written"),
    [
        ("sentence", "It ebbed."),
        ("line", "It ebbed. It flowed,"),
        ("paragraph", "It ebbed. It flowed,\nand ebbed."),
        ("document", "It ebbed. It flowed,\nand ebbed.\n\nThen it was night."),
    ],
)
def test_text_ends_with_the_first_whole_unit(
    generator: TextGenerator, bpe_generator: TextGenerator, unit: str, written: str
) -> None:
    whole = "It ebbed. It flowed,\nand ebbed.\n\nThen it was night."
    for one in (generator, bpe_generator):
        tokens = one.tokenizer.encode(whole).tolist()
        result = one.generate("", logits_processors=[dictate(tokens)], stop_at=unit)
        assert result.text.rstrip() == written
        assert result.finish_reason == "stop"


def test_reason_tells_why_a_text_ended(generator: TextGenerator) -> None:
    tokens = generator.tokenizer.encode("ebb tide").tolist()

    def reason(**chosen: Any) -> str:
        return generator.generate("", logits_processors=[dictate(tokens)], **chosen).finish_reason

    assert reason() == reason(max_new_tokens=9) == "stop"  # <eos> is the ninth
    assert reason(max_new_tokens=8) == "length"
    assert reason(max_new_tokens=8, stop=("de",)) == "stop"
    assert reason(max_new_tokens=7, stop=("de",)) == "length"
    assert reason(max_new_tokens=-1) == "stop"
    assert reason(max_new_tokens=0) == "length"


def test_end_within_a_held_back_text_lets_it_out(generator: TextGenerator) -> None:
    tokens = generator.tokenizer.encode("ebb tide").tolist()
    for chosen, text in [({"max_new_tokens": 6}, "ebb ti"), ({}, "ebb tide")]:
        result = generator.generate(
            "", logits_processors=[dictate(tokens)], stop=("tidewater",), **chosen
        )
        assert result.text == text


def test_end_within_a_character_comes_before_it(generator: TextGenerator) -> None:
    tokens = generator.tokenizer.encode("漢").tolist()
    result = generator.generate("", logits_processors=[dictate(tokens)], max_new_tokens=2)
    assert (result.text, list(result.tokens)) == ("", tokens[:2])
