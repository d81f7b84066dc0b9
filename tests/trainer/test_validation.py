"""Validation counts every token once, and agrees with one pass of the runtime."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from textgen.config.model import ModelConfig
from textgen.config.tokens import EOS_ID
from textgen.config.training import TrainingConfig
from textgen.errors import TrainingDiverged
from textgen.evaluation.scorer import Scorer
from textgen.generator import TextGenerator
from textgen.model.network import LanguageModel
from textgen.tokenization.token_store import TokenStore
from textgen.trainer.train_step import TrainStep
from textgen.trainer.validation import (
    LEAD_IN,
    LONGEST_WINDOW,
    STREAMS,
    measure,
    validate,
    window_count,
    window_length,
    windows,
)


@given(
    length=st.integers(1, 300),
    streams=st.integers(1, 9),
    window=st.integers(1, 20),
    lead_in=st.integers(0, 30),
)
def test_every_token_is_counted_once_after_the_token_before_it(
    length: int, streams: int, window: int, lead_in: int
) -> None:
    tokens = np.arange(1, length + 1)
    counted = []
    first, _ = next(windows(tokens, streams=streams, window=window, lead_in=lead_in))
    assert (first[:, 0] == EOS_ID).all()
    for block, weight in windows(tokens, streams=streams, window=window, lead_in=lead_in):
        rows, columns = np.nonzero(weight)
        targets = block[rows, columns + 1]
        before = block[rows, columns]
        assert ((before == targets - 1) | ((before == EOS_ID) & (lead_in == 0))).all()
        counted += targets.tolist()
    assert sorted(counted) == tokens.tolist()


@given(st.integers(1, 20_000))
def test_window_count_is_the_number_of_windows(length: int) -> None:
    every = windows(np.ones(length), streams=STREAMS, window=LONGEST_WINDOW, lead_in=LEAD_IN)
    assert window_count(length, 258) == sum(1 for _ in every)


def test_streams_side_by_side_agree_with_one_pass(seeded: Path, text: str) -> None:
    generator = TextGenerator.from_pretrained(seeded)
    model = LanguageModel(generator.model.config)
    model.load_named_weights(generator.model.weights)
    tokens = np.append(generator.tokenizer.encode(text[-8000:]), EOS_ID)
    scorer = Scorer(generator.decoder)
    scorer.add(tokens)
    together, _ = validate(TrainStep(model, TrainingConfig()), tokens)
    assert abs(together - scorer.nats) / len(tokens) < 1e-3


def test_untrained_network_is_about_as_good_as_chance() -> None:
    config = ModelConfig(vocab_size=50, embedding_size=4, units=(8,))
    step = TrainStep(LanguageModel(config), TrainingConfig())
    tokens = np.random.default_rng(0).integers(0, 50, 3000)
    assert abs(validate(step, tokens)[0] / 3000 - np.log(50)) < 0.1


def test_metrics_are_of_the_last_validation_alone() -> None:
    config = ModelConfig(vocab_size=50, embedding_size=4, units=(8,))
    step = TrainStep(LanguageModel(config), TrainingConfig(metrics=("accuracy", "top_5_accuracy")))
    tokens = np.random.default_rng(0).integers(0, 50, 3000)

    def figures(tokens: NDArray[Any]) -> dict[str, float]:
        validate(step, tokens)
        return {metric.name: float(metric.result()) for metric in step.metrics}

    figures(np.zeros(500, np.int64))
    metrics = figures(tokens)
    assert list(metrics) == ["accuracy", "top_5_accuracy"]
    assert metrics == figures(tokens)
    assert 0.05 < metrics["top_5_accuracy"] < 0.2  # chance is 0.1


def test_measuring_ends_when_told_and_says_how_much_it_saw() -> None:
    config = ModelConfig(vocab_size=50, embedding_size=4, units=(8,))
    step = TrainStep(LanguageModel(config), TrainingConfig())
    tokens = np.random.default_rng(0).integers(0, 50, STREAMS * 1000)
    assert validate(step, tokens)[1] == len(tokens)
    nats, seen = validate(step, tokens, lambda: True)
    assert 0 < seen < len(tokens)
    assert abs(nats / seen - np.log(50)) < 0.1


def test_weights_without_a_number_for_their_quality_are_none(small_store: TokenStore) -> None:
    config = ModelConfig(vocab_size=258, embedding_size=4, units=(8,))
    step = TrainStep(LanguageModel(config), TrainingConfig())
    step.model.logits.bias.assign(np.full(258, np.nan, np.float32))
    with pytest.raises(TrainingDiverged, match="validation loss is nan after step 3"):
        measure(step, 3, small_store, 100, lambda: False)


def test_windows_are_shorter_where_the_vocabulary_is_large() -> None:
    assert window_length(258) == 128
    assert 1 <= window_length(33_278) * 33_278 * 64 <= 1 << 26
    assert window_length(1 << 20) == 1
