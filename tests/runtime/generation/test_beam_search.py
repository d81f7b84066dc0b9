"""Beam search finds the likeliest text, whatever the seed."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.seeded_models import seeded_weights
from textgen.artifact.model_folder import Model
from textgen.config.generation import GenerationConfig
from textgen.config.model import ModelConfig
from textgen.config.tokens import EOS_ID
from textgen.errors import UsageError
from textgen.generator import TextGenerator
from textgen.runtime.engine.logprobs import log_softmax
from textgen.tokenization.kinds import STRICT
from textgen.tokenization.tokenizer import Tokenizer

WORDS = Tokenizer.train(STRICT, ["a b"], normal_form="nfc")  # <eos>, <unk>, a, b
WIDE = 256  # more than there are texts of those tokens, up to the lengths below


def tiny(seed: int, tokenizer: Tokenizer = WORDS) -> TextGenerator:
    """Return a generator of four words, with decided opinions."""
    config = ModelConfig(vocab_size=tokenizer.vocab_size, embedding_size=3, units=(5,))
    weights = seeded_weights(config, seed, scale=1.5)
    return TextGenerator(Model(config, weights, tokenizer, GenerationConfig()))


def score(generator: TextGenerator, prompt: str, tokens: tuple[int, ...], **settings: Any) -> float:
    """Return what a text is compared by, from one pass over all of it."""
    config = GenerationConfig(**settings)
    before = [EOS_ID, *generator.tokenizer.encode(prompt).tolist()]
    fed = np.array([*before, *tokens[:-1]])
    logits, _ = generator.decoder.score(fed, generator.decoder.initial_state())
    logits = logits[len(before) - 1 :]
    for name, bias in config.logit_bias:
        logits[:, int(name)] += bias
    logits[:, [int(name) for name in config.banned_tokens]] = -np.inf
    logits[: config.min_new_tokens, EOS_ID] = -np.inf
    total = log_softmax(logits)[np.arange(len(tokens)), tokens].sum()
    return float(total / len(tokens) ** config.length_penalty)


def all_texts(length: int) -> list[tuple[int, ...]]:
    """Return all token sequences that end with `<eos>`, or are so long."""
    others = range(1, WORDS.vocab_size)
    ended = [(*text, EOS_ID) for n in range(length) for text in product(others, repeat=n)]
    return ended + list(product(others, repeat=length))


@settings(max_examples=40)
@given(
    seed=st.integers(0, 1000),
    prompt=st.lists(st.sampled_from("ab"), max_size=3).map(" ".join),
    chosen=st.fixed_dictionaries(
        {"max_new_tokens": st.integers(1, 4), "length_penalty": st.floats(0, 3)},
        optional={
            "min_new_tokens": st.integers(0, 1),
            "logit_bias": st.just(((1, -2.0), (EOS_ID, 1.5))),
            "banned_tokens": st.sampled_from([(EOS_ID,), (2,), (1, 3)]),
        },
    ),
)
def test_wide_search_finds_the_best_of_all_texts(
    seed: int, prompt: str, chosen: dict[str, Any]
) -> None:
    generator = tiny(seed)
    found = generator.generate(prompt, beams=WIDE, **chosen).tokens
    texts = all_texts(chosen["max_new_tokens"])
    best = max(score(generator, prompt, text, **chosen) for text in texts)
    assert score(generator, prompt, found, **chosen) == pytest.approx(best, abs=1e-4)


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), beams=st.integers(2, 9))
def test_two_tokens_need_no_more_beams_than_there_are_tokens(seed: int, beams: int) -> None:
    generator = tiny(seed)
    chosen: dict[str, Any] = {"max_new_tokens": 2, "length_penalty": 0.0}
    found, best = (generator.generate("a", beams=n, **chosen).tokens for n in (beams, WIDE))
    if beams >= WORDS.vocab_size - 1:
        assert found == best
    assert score(generator, "a", found, **chosen) <= score(generator, "a", best, **chosen) + 1e-6


def test_search_finds_likelier_texts_than_taking_the_likeliest_token(
    generator: TextGenerator,
) -> None:
    prompts = [f"{letter}b" for letter in "abcdefghijklmnop"]
    chosen: dict[str, Any] = {"max_new_tokens": 12, "min_new_tokens": 12, "length_penalty": 0.0}
    greedy = generator.generate(prompts, temperature=0, **chosen)
    wide = generator.generate(prompts, beams=8, **chosen)
    gains = [sum(b.logprobs) - sum(a.logprobs) for a, b in zip(greedy, wide, strict=True)]
    assert min(gains) > -1e-5  # no law, but so it is here
    assert np.mean(gains) > 0.1


def test_neither_seed_nor_filters_take_part(generator: TextGenerator) -> None:
    plain = generator.generate("The", beams=3, seed=1, max_new_tokens=20)
    other = generator.generate(
        "The",
        beams=3,
        seed=2,
        max_new_tokens=20,
        temperature=3.0,
        top_k=1,
        top_p=0.1,
        repetition_penalty=2.0,
        xtc_probability=1.0,
    )
    assert other.tokens == plain.tokens
    assert other.logprobs == plain.logprobs


def test_logprobs_are_the_models_own(generator: TextGenerator) -> None:
    result = generator.generate("The", beams=3, max_new_tokens=8, logit_bias={"q": 4.0})
    assert "q" in result.text
    fed = np.concatenate([[EOS_ID], generator.tokenizer.encode("The"), result.tokens[:-1]])
    logits, _ = generator.decoder.score(fed, generator.decoder.initial_state())
    expected = log_softmax(logits[3:])[np.arange(8), result.tokens]
    np.testing.assert_allclose(result.logprobs, expected, atol=1e-5)


def test_bans_least_length_and_stops_are_kept(generator: TextGenerator) -> None:
    likeliest = generator.generate("The", beams=4, max_new_tokens=30)
    letter = likeliest.text[3]
    banned = generator.generate("The", beams=4, max_new_tokens=30, banned_tokens=(letter,))
    assert letter not in banned.text
    stopped = generator.generate("The", beams=4, max_new_tokens=30, stop=(letter,))
    assert stopped.text == likeliest.text[: likeliest.text.index(letter)]
    assert stopped.finish_reason == "stop"
    eager: dict[str, Any] = {"beams": 4, "max_new_tokens": 9, "logit_bias": {EOS_ID: 50.0}}
    assert generator.generate("The", **eager).tokens == (EOS_ID,)
    late = generator.generate("The", min_new_tokens=6, **eager).tokens
    assert late.index(EOS_ID) == 6


def test_longer_texts_win_with_a_larger_length_penalty(generator: TextGenerator) -> None:
    lengths = [
        len(
            generator.generate(
                "", beams=6, max_new_tokens=12, length_penalty=power, logit_bias={EOS_ID: 8.0}
            ).tokens
        )
        for power in (0.0, 3.0)
    ]
    assert lengths[0] < lengths[1]


@pytest.mark.parametrize("tokenizer", [WORDS, Tokenizer.train(STRICT, [""], normal_form="nfc")])
def test_more_beams_than_texts_do_no_harm(tokenizer: Tokenizer) -> None:
    generator = tiny(1, tokenizer)
    others = tuple(range(1, tokenizer.vocab_size))
    assert generator.generate("", beams=WIDE, max_new_tokens=1).usage.completion_tokens == 1
    alone = generator.generate("", beams=9, max_new_tokens=5, banned_tokens=others)
    assert alone.tokens == (EOS_ID,)
    assert generator.generate("", beams=9, max_new_tokens=0).tokens == ()


def test_stream_gives_the_same_text(generator: TextGenerator) -> None:
    stream = generator.stream("The", beams=3, max_new_tokens=20, seed=1)
    text = "".join(stream)
    assert stream.result() == generator.generate("The", beams=3, max_new_tokens=20, seed=1)
    assert text == stream.result().text


def test_what_a_search_cannot_keep_is_refused(generator: TextGenerator) -> None:
    with pytest.raises(UsageError, match="logits_processors and beams exclude each other"):
        generator.generate("The", beams=2, logits_processors=[lambda tokens, logits: logits])
    with pytest.raises(UsageError, match="set max_new_tokens"):
        generator.generate("The", beams=2, max_new_tokens=-1)
