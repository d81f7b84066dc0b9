"""Any sampler of keras_nlp continues prompts with the Keras model, as our own loop would."""

import itertools
from pathlib import Path
from typing import Any

import keras_nlp
import numpy as np
import pytest

from tests.seeded_models import seeded_weights
from textgen.artifact.model_folder import write_model
from textgen.config.model import ModelConfig
from textgen.config.tokens import EOS_ID
from textgen.errors import UsageError
from textgen.generator import TextGenerator
from textgen.model import LanguageModel
from textgen.model.keras_samplers import continue_prompts
from textgen.runtime.engine.loading import load_engine
from textgen.runtime.engine.logprobs import log_softmax

samplers = keras_nlp.samplers
CONFIG = ModelConfig(vocab_size=9, embedding_size=4, units=(8, 6))
PROMPTS = np.array([[1, 2, 3], [4, 5, 6]])


@pytest.fixture(scope="module")
def small() -> LanguageModel:
    model = LanguageModel(CONFIG)
    model.load_named_weights(seeded_weights(CONFIG, 2, scale=1.0))
    return model


def lists(model: LanguageModel, sampler: Any, prompts: Any = PROMPTS, n: int = 12) -> Any:
    return [r.tolist() for r in continue_prompts(model, sampler, prompts, max_new_tokens=n)]


def rows(model: LanguageModel, prompt: Any, text: list[int]) -> np.ndarray:
    """Return the log-probabilities before each token of a continuation, by our runtime."""
    decoder = load_engine(CONFIG, model.named_weights())
    fed = np.array([EOS_ID, *prompt, *text[:-1]], np.int64)
    return log_softmax(decoder.score(fed, decoder.initial_state())[0])[len(prompt) :]


def log_probability(model: LanguageModel, prompt: Any, text: list[int]) -> float:
    return float(rows(model, prompt, text)[np.arange(len(text)), text].sum())


@pytest.mark.parametrize("prompt", ["The ferry", ""])
def test_greedy_is_our_own_generation_at_temperature_zero(
    generator: TextGenerator, tmp_path: Path, prompt: str
) -> None:
    write_model(generator.model, tmp_path / "m")
    loaded = LanguageModel.from_pretrained(tmp_path / "m")
    tokens = generator.tokenizer.encode(prompt)[None]
    (ours,) = lists(loaded, samplers.GreedySampler(), tokens, 60)
    assert tuple(ours) == generator.generate(prompt, temperature=0, max_new_tokens=60).tokens


def test_choice_among_one_and_contrast_without_penalty_are_greedy(small: LanguageModel) -> None:
    greedy = lists(small, samplers.GreedySampler())
    assert lists(small, samplers.TopKSampler(k=1, seed=3)) == greedy
    assert lists(small, samplers.ContrastiveSampler(k=3, alpha=0.0)) == greedy


def test_same_seed_gives_the_same_text_and_another_does_not(small: LanguageModel) -> None:
    for kind in (samplers.RandomSampler, samplers.TopKSampler, samplers.TopPSampler):
        drawn = [lists(small, kind(seed=seed)) for seed in (1, 1)]
        assert drawn[0] == drawn[1]
    one, other = (lists(small, samplers.RandomSampler(seed=seed)) for seed in (1, 2))
    assert one != other


def test_top_p_draws_from_the_nucleus_alone(small: LanguageModel) -> None:
    prompts = np.repeat(PROMPTS, 20, axis=0)
    texts = lists(small, samplers.TopPSampler(p=0.6, seed=1), prompts)
    outside = 0
    for prompt, text in zip(prompts, texts, strict=True):
        for row, token in zip(np.exp(rows(small, prompt, text)), text, strict=True):
            likelier = row[row > row[token]].sum()  # the nucleus holds what comes before 0.6
            assert likelier <= 0.6 + 1e-5
            outside += token != row.argmax()
    assert outside > 20


def test_beams_for_all_tokens_find_the_likeliest_text(small: LanguageModel) -> None:
    sampler = samplers.BeamSampler(num_beams=CONFIG.vocab_size)
    for prompt, text in zip(PROMPTS, lists(small, sampler, n=2), strict=True):
        others = range(1, CONFIG.vocab_size)
        texts = [[EOS_ID], *map(list, itertools.product(others, range(CONFIG.vocab_size)))]
        assert text == max(texts, key=lambda t: log_probability(small, prompt, t))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_beam_is_at_least_as_likely_as_greedy(seed: int) -> None:
    model = LanguageModel(CONFIG)
    model.load_named_weights(seeded_weights(CONFIG, seed, scale=0.7))
    greedy = lists(model, samplers.GreedySampler())
    beams = lists(model, samplers.BeamSampler(num_beams=6))
    for prompt, one, other in zip(PROMPTS, beams, greedy, strict=True):
        ours, theirs = (log_probability(model, prompt, text) for text in (one, other))
        assert ours >= theirs - 1e-4


def test_text_ends_with_eos(small: LanguageModel) -> None:
    weights = small.named_weights()
    weights["logits.bias"][EOS_ID] += 100
    certain = LanguageModel(CONFIG)
    certain.load_named_weights(weights)
    for sampler in (samplers.GreedySampler(), samplers.BeamSampler(num_beams=3)):
        assert lists(certain, sampler) == [[EOS_ID], [EOS_ID]]


def test_nothing_asked_for_is_nothing_written(small: LanguageModel) -> None:
    assert lists(small, samplers.GreedySampler(), n=0) == [[], []]


@pytest.mark.parametrize(
    ("sampler", "prompts", "n", "error"),
    [
        (samplers.GreedySampler(), np.zeros(3, int), 1, r"shape \(3,\)"),
        (samplers.GreedySampler(), np.zeros((0, 3), int), 1, r"shape \(0, 3\)"),
        (samplers.GreedySampler(), np.array([[9]]), 1, "they are 0 to 8"),
        (samplers.GreedySampler(), np.array([[-1]]), 1, "they are 0 to 8"),
        (samplers.GreedySampler(), PROMPTS, -1, "max_new_tokens is -1"),
        (samplers.TopKSampler(k=10), PROMPTS, 1, "k is 10; it must be at most 9"),
        (samplers.BeamSampler(return_all_beams=True), PROMPTS, 1, "return_all_beams"),
    ],
)
def test_impossible_sizes_are_refused(
    small: LanguageModel, sampler: Any, prompts: Any, n: int, error: str
) -> None:
    with pytest.raises(UsageError, match=error):
        continue_prompts(small, sampler, prompts, max_new_tokens=n)
