"""What may come next is shown as the model sees it, and as it will be drawn."""

from typing import Any

import numpy as np
import pytest

from textgen import TextGenerator, UsageError
from textgen.config.tokens import EOS_ID
from textgen.tokenization.tokenizer import Tokenizer


def sampled(generator: TextGenerator, **settings: Any) -> np.ndarray:
    """Return the probability with which each token is drawn."""
    result = np.zeros(generator.tokenizer.vocab_size)
    for one in generator.next("The", len(result), **settings):
        result[one.token] = one.sampled
    return result


def test_probabilities_are_the_models_likeliest_first(generator: TextGenerator) -> None:
    shown = generator.next("The", 10, temperature=0.1, top_k=2)
    probabilities = [one.probability for one in shown]
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) < 1
    first = generator.generate("The", temperature=0, max_new_tokens=1)
    assert shown[0].token == first.tokens[0]
    assert np.log(shown[0].probability) == pytest.approx(first.logprobs[0], abs=1e-6)


@pytest.mark.parametrize("count", [258, 259, 10**9])
def test_all_tokens_together_are_certain(generator: TextGenerator, count: int) -> None:
    shown = generator.next("The", count)
    assert sorted(one.token for one in shown) == list(range(258))
    assert sum(one.probability for one in shown) == pytest.approx(1, abs=1e-12)
    assert sum(one.sampled for one in shown) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    "chosen",
    [
        {"temperature": 1.0},
        {"temperature": 0.5, "top_k": 6},
        {"min_p": 0.3},
        {"top_p": 0.6, "presence_penalty": 1.0},
        {"xtc_probability": 0.5, "xtc_threshold": 0.05, "temperature": 1.0},
        {"xtc_probability": 1.0, "xtc_threshold": 0.05, "temperature": 1.0},
        {"logit_bias": {"q": 4.0}, "banned_tokens": ("e",)},
        {"min_new_tokens": 1, "logit_bias": {EOS_ID: 7.0}},
        {"temperature_schedule": ((0, 2.0), (1, 0.0))},
    ],
)
def test_tokens_are_drawn_as_often_as_shown(
    generator: TextGenerator, chosen: dict[str, Any]
) -> None:
    chosen = {"max_new_tokens": 1} | chosen
    expected = sampled(generator, **chosen)
    drawn = generator.generate(["The"] * 1000, seed=3, **chosen)
    shares = np.bincount([one.tokens[0] for one in drawn], minlength=258) / len(drawn)
    assert not shares[expected == 0].any()
    deviations = np.sqrt(expected * (1 - expected) / len(drawn))
    assert (np.abs(shares - expected) <= 4.5 * deviations + 3 / len(drawn)).all()
    assert expected.sum() == pytest.approx(1, abs=1e-12)


def test_what_is_filtered_out_is_drawn_with_probability_0(generator: TextGenerator) -> None:
    assert np.count_nonzero(sampled(generator, top_k=3)) == 3
    assert sampled(generator, temperature=0).max() == 1
    assert sampled(generator, banned_tokens=("e",))[generator.tokenizer.encode("e")[0]] == 0


def test_shown_as_people_read_it(generator: TextGenerator, char_tokenizer: Tokenizer) -> None:
    shown = {one.token: one.text for one in generator.next("The", 258)}
    assert shown[EOS_ID] == "<eos>"
    assert shown[int(char_tokenizer.encode("e")[0])] == "'e'"
    assert shown[int(char_tokenizer.encode("\n")[0])] == r"'\n'"
    assert shown[int(char_tokenizer.encode("漢")[0])] == "bytes e6"


def test_seed_does_not_matter_and_any_prompt_is_taken(generator: TextGenerator) -> None:
    assert generator.next("The", seed=1) == generator.next("The", seed=2)
    assert len(generator.next("")) == 10
    assert generator.next("ebb " * 5000, 1)[0].probability > 0


def test_values_are_those_that_json_holds(generator: TextGenerator) -> None:
    (shown,) = generator.next("The", 1)
    assert shown.to_dict() == {
        "token": shown.token,
        "text": shown.text,
        "probability": shown.probability,
        "sampled": shown.sampled,
    }
    assert [type(value) for value in shown.to_dict().values()] == [int, str, float, float]


def test_unknown_settings_are_refused(generator: TextGenerator) -> None:
    with pytest.raises(UsageError, match="did you mean 'temperature'"):
        generator.next("The", temparature=1)
    with pytest.raises(UsageError, match="k is -1; it must be at least 0"):
        generator.next("The", -1)
