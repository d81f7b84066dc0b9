"""Scores are sums of log-probabilities, whatever way the text is handed over."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textgen.config.model import ModelConfig
from textgen.config.tokens import EOS_ID
from textgen.evaluation.quality import Quality
from textgen.evaluation.scorer import Scorer
from textgen.generator import TextGenerator
from textgen.runtime.engine.loading import load_engine
from textgen.runtime.engine.logprobs import log_softmax
from textgen.tokenization.token_store import SplitCounts


def test_model_without_an_opinion_scores_the_logarithm_of_its_vocabulary() -> None:
    config = ModelConfig(vocab_size=50, embedding_size=2, units=(3,))
    zeros = {name: np.zeros(shape, np.float32) for name, shape in config.tensors().items()}
    scorer = Scorer(load_engine(config, zeros))
    scorer.add(np.arange(40))
    assert math.isclose(scorer.nats, 40 * math.log(50), rel_tol=1e-9)
    assert scorer.tokens == 40


@given(st.lists(st.integers(0, 257), min_size=1, max_size=60), st.data())
def test_pieces_score_as_the_whole(
    generator: TextGenerator, tokens: list[int], data: st.DataObject
) -> None:
    whole, pieces = Scorer(generator.decoder), Scorer(generator.decoder)
    whole.add(np.array(tokens))
    cut = data.draw(st.integers(0, len(tokens)))
    pieces.add(np.array(tokens[:cut], np.int64))
    pieces.add(np.array(tokens[cut:], np.int64))
    assert math.isclose(whole.nats, pieces.nats, rel_tol=1e-5)


def test_score_begins_as_a_generation_does(generator: TextGenerator) -> None:
    drawn = generator.generate("", max_new_tokens=20, seed=3, temperature=1.0)
    scorer = Scorer(generator.decoder)
    scorer.add(np.array(drawn.tokens))
    assert math.isclose(-scorer.nats, sum(drawn.logprobs), rel_tol=1e-5)
    assert EOS_ID not in drawn.tokens


@pytest.mark.needs("train")
def test_perplexity_is_that_of_keras_nlp(generator: TextGenerator, text: str) -> None:
    import keras_nlp

    tokens = generator.tokenizer.encode(text[:500])
    inputs = np.concatenate([[EOS_ID], tokens[:-1]])
    logits, _ = generator.decoder.score(inputs, generator.decoder.initial_state())
    metric = keras_nlp.metrics.Perplexity(from_logits=True)
    metric.update_state(tokens[None], logits[None])
    scorer = Scorer(generator.decoder)
    scorer.add(tokens)
    assert math.isclose(math.exp(scorer.nats / 500), float(metric.result()), rel_tol=1e-4)


def test_quality_is_quoted_per_token_byte_and_character() -> None:
    quality = Quality.of(2.0, SplitCounts(documents=1, characters=79, bytes=99, tokens=40))
    assert math.isclose(quality.perplexity, math.e**2)
    assert math.isclose(quality.bits_per_byte, 80 / math.log(2) / 100)
    assert math.isclose(quality.bits_per_character, 80 / math.log(2) / 80)


def test_log_softmax_of_large_logits_is_finite() -> None:
    result = log_softmax(np.array([[1e30, 0.0], [-1e30, -1e30]], np.float32))
    np.testing.assert_allclose(np.exp(result), np.array([[1, 0], [0.5, 0.5]]))
