"""One step trains with any optimizer, repeats, and reports what was asked for."""

from typing import Any

import numpy as np
import pytest

from textgen.config.model import ModelConfig
from textgen.config.training import METRICS, MOMENTUM_OPTIMIZERS, OPTIMIZERS, TrainingConfig
from textgen.model.network import LanguageModel
from textgen.runtime.engine.logprobs import log_softmax
from textgen.trainer.train_step import TrainStep, make_metrics, make_optimizer

CONFIG = ModelConfig(vocab_size=20, embedding_size=4, units=(6,), dropout=0.2)
TOKENS = np.tile(np.arange(9, dtype=np.int32), (4, 1))
FRESH = np.zeros(4, bool)
Losses = list[float]


def train(step: TrainStep, steps: int, rate: float | None = None) -> Losses:
    state, losses = step.model.initial_state(4), []
    peak = float(step.optimizer.learning_rate) if rate is None else rate
    for _ in range(steps):
        loss, _, state = step.train(TOKENS, FRESH, state, peak)
        losses.append(loss)
    return losses


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_learns_and_repeats_byte_for_byte(name: str) -> None:
    momentum = 0.5 if name in MOMENTUM_OPTIMIZERS else 0.0
    step = TrainStep(LanguageModel(CONFIG), TrainingConfig(optimizer=name, momentum=momentum))
    before = step.arrays()
    losses = train(step, 12)
    weights = step.model.named_weights()
    assert losses[-1] < losses[0]
    step.restore(before)
    assert train(step, 12) == losses
    for key, array in step.model.named_weights().items():
        assert array.tobytes() == weights[key].tobytes()


@pytest.mark.parametrize("name", ["recurrent_dropout", "weight_drop", "token_dropout"])
def test_all_that_is_random_is_among_the_variables(name: str) -> None:
    config = CONFIG.replace(embedding_dropout=0.5, **{name: 0.5})
    step = TrainStep(LanguageModel(config), TrainingConfig())
    before = step.arrays()
    losses = train(step, 4, rate=0.0)
    step.restore(before)
    assert train(step, 4, rate=0.0) == losses
    assert len(set(losses)) == 4  # other masks each time


@pytest.mark.parametrize("is_tied", [False, True])
def test_loss_among_samples_learns_and_repeats(is_tied: bool) -> None:
    model = LanguageModel(CONFIG.replace(dropout=0.0, tie_embeddings=is_tied))
    step = TrainStep(model, TrainingConfig(softmax_samples=8), np.arange(20))
    before, counted = step.arrays(), np.ones((4, 8), np.float32)
    first, _ = step.predict(TOKENS, counted, model.initial_state(4))
    losses = train(step, 50)
    last, _ = step.predict(TOKENS, counted, model.initial_state(4))
    assert last < 0.8 * first
    step.restore(before)
    assert train(step, 50) == losses


def test_momentum_and_weight_decay_reach_the_optimizer() -> None:
    variables = LanguageModel(CONFIG).trainable_variables
    plain = make_optimizer(TrainingConfig(optimizer="sgd"), variables)
    assert (plain.momentum, plain.weight_decay) == (0, 0)
    asked = TrainingConfig(optimizer="sgd", momentum=0.9, weight_decay=0.1)
    heavy = make_optimizer(asked, variables)
    assert (heavy.momentum, heavy.weight_decay) == (0.9, 0.1)
    assert make_optimizer(TrainingConfig(), variables).weight_decay == 0.01


def test_weights_decay_and_biases_do_not() -> None:
    step = TrainStep(
        LanguageModel(CONFIG), TrainingConfig(optimizer="sgd", weight_decay=0.5, clip_norm=1e-9)
    )
    step.model.logits.bias.assign(np.ones(20, np.float32))
    before = step.model.named_weights()
    train(step, 1, rate=0.2)
    for name, array in step.model.named_weights().items():
        share = 1.0 if name.endswith("bias") else 0.9
        np.testing.assert_allclose(array, share * before[name], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(("clip_norm", "clipped"), [(1e-3, True), (0.0, False), (1e3, False)])
def test_gradient_is_clipped_to_its_norm_unless_that_is_zero(
    clip_norm: float, clipped: bool
) -> None:
    config = TrainingConfig(optimizer="sgd", clip_norm=clip_norm)
    step = TrainStep(LanguageModel(CONFIG.replace(dropout=0.0)), config)
    before = step.model.named_weights()
    _, norm, _ = step.train(TOKENS, FRESH, step.model.initial_state(4), 1.0)
    moved = [array - before[name] for name, array in step.model.named_weights().items()]
    length = np.sqrt(sum(float((array**2).sum()) for array in moved))
    assert norm > 0.01
    np.testing.assert_allclose(length, clip_norm if clipped else norm, rtol=1e-3)


@pytest.mark.parametrize("broken", ["loss", "gradient"])
@pytest.mark.parametrize("clip_norm", [0.0, 1.0])
def test_step_that_is_not_finite_is_not_taken(broken: str, clip_norm: float) -> None:
    step = TrainStep(
        LanguageModel(CONFIG.replace(dropout=0.0)), TrainingConfig(clip_norm=clip_norm)
    )
    train(step, 2, rate=0.1)
    kernel = step.model.logits.kernel
    kernel.assign(kernel * (np.inf if broken == "loss" else 1e25))  # its square is too large
    before = step.arrays()
    loss, norm, _ = step.train(TOKENS, FRESH, step.model.initial_state(4), 0.1)
    assert np.isfinite(loss) == (broken == "gradient")
    assert not np.isfinite(norm)
    for now, was in zip(step.arrays(), before, strict=True):
        assert now.tobytes() == was.tobytes()


def test_labels_are_smoothed_in_training_and_never_in_validation() -> None:
    model = LanguageModel(CONFIG.replace(dropout=0.0))
    plain, smoothed = (TrainStep(model, TrainingConfig(label_smoothing=s)) for s in (0.0, 0.3))
    state, counted = model.initial_state(4), np.ones((4, 8), np.float32)
    assert plain.predict(TOKENS, counted, state)[0] == smoothed.predict(TOKENS, counted, state)[0]
    assert train(plain, 1, rate=0.0) != train(smoothed, 1, rate=0.0)


def test_metrics_count_the_counted_tokens() -> None:
    step = TrainStep(LanguageModel(CONFIG), TrainingConfig(metrics=METRICS))
    tokens = np.random.default_rng(0).integers(0, 20, (4, 9)).astype(np.int32)
    counted = (np.arange(8) >= 3)[None].repeat(4, axis=0).astype(np.float32)
    step.predict(tokens, counted, step.model.initial_state(4))
    logits = np.array(step.model(tokens[:, :-1]))
    of_targets = np.take_along_axis(logits, tokens[:, 1:, None], axis=2)
    ranks = (logits > of_targets).sum(axis=2)[:, 3:]  # how many tokens are likelier
    figures = {metric.name: float(metric.result()) for metric in step.metrics}
    expected = {"accuracy": 1, "top_5_accuracy": 5, "top_10_accuracy": 10}
    assert figures == pytest.approx({n: (ranks < k).mean() for n, k in expected.items()})
    assert 0 < figures["top_5_accuracy"] < figures["top_10_accuracy"] < 1


def test_metrics_have_the_names_they_are_asked_for_by() -> None:
    assert tuple(metric.name for metric in make_metrics(METRICS)) == METRICS


def test_nats_are_those_of_the_logits() -> None:
    step = TrainStep(LanguageModel(CONFIG), TrainingConfig())
    counted = np.ones((4, 8), np.float32)
    nats, _ = step.predict(TOKENS, counted, step.model.initial_state(4))
    rows: Any = log_softmax(np.array(step.model(TOKENS[:, :-1])))
    expected = -np.take_along_axis(rows, TOKENS[:, 1:, None], axis=2).sum()
    np.testing.assert_allclose(nats, expected, rtol=1e-5)
