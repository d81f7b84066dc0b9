"""The network is a Keras model like any other, and its fused loop computes what Keras's does."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import random_weights
from textgen.config.model import ModelConfig
from textgen.model import LanguageModel, get_weights, lstm_op, set_weights
from textgen.model.lstm import FastLSTM

CONFIG = ModelConfig(vocab_size=11, embedding_size=5, units=(7, 6), dropout=0.3)


def both_layers(units: int, features: int) -> tuple[FastLSTM, keras.layers.LSTM]:
    options: dict[str, Any] = {"return_sequences": True, "return_state": True}
    ours, theirs = FastLSTM(units, **options), keras.layers.LSTM(units, **options)
    for layer in (ours, theirs):
        layer.build((None, None, features))
    theirs.set_weights(ours.get_weights())
    return ours, theirs


@pytest.mark.parametrize(
    ("batch", "time", "features", "units"), [(1, 1, 1, 1), (3, 7, 4, 5), (2, 12, 6, 8)]
)
def test_fused_loop_gives_the_outputs_and_gradients_of_keras(
    batch: int, time: int, features: int, units: int
) -> None:
    generator = np.random.default_rng(0)
    ours, theirs = both_layers(units, features)
    inputs = tf.constant(generator.standard_normal((batch, time, features)), tf.float32)
    state = [tf.constant(generator.standard_normal((batch, units)), tf.float32) for _ in range(2)]
    results = []
    for layer in (ours, theirs):
        with tf.GradientTape() as tape:
            tape.watch([inputs, *state])
            outputs, hidden, memory = layer(inputs, initial_state=state)
            total = (
                tf.reduce_sum(outputs * tf.cos(outputs))
                + tf.reduce_sum(hidden**2)
                + tf.reduce_sum(tf.sin(memory))
            )
        gradients = tape.gradient(total, [inputs, *state, *layer.trainable_variables])
        results.append([outputs, hidden, memory, *gradients])
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(np.array(one), np.array(other), atol=2e-5, rtol=1e-4)


def test_fused_loop_is_what_runs_and_keras_runs_where_it_does_not_apply(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = []
    real = lstm_op.lstm

    def counted(*arguments: Any) -> Any:
        calls.append(1)
        return real(*arguments)

    monkeypatch.setattr("textgen.model.lstm.lstm", counted)
    inputs = np.ones((2, 3, 4), np.float32)
    FastLSTM(5)(inputs)
    assert len(calls) == 1
    for options in ({"activation": "relu"}, {"use_bias": False}, {"go_backwards": True}):
        plain, same = FastLSTM(5, **options), keras.layers.LSTM(5, **options)
        plain.build(inputs.shape)
        same.build(inputs.shape)
        same.set_weights(plain.get_weights())
        np.testing.assert_allclose(plain(inputs), same(inputs), atol=1e-6)
    FastLSTM(5)(inputs, mask=np.array([[True, True, False]] * 2))
    assert len(calls) == 1


def test_state_carried_through_windows_is_one_pass() -> None:
    model = LanguageModel(CONFIG, seed=1)
    tokens = np.random.default_rng(0).integers(0, 11, (3, 20))
    whole = model(tokens)
    first, state = model(tokens[:, :8], return_state=True)
    second, _ = model(tokens[:, 8:], state, return_state=True)
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), whole, atol=1e-5)


def test_plain_compile_and_fit_learn() -> None:
    model = LanguageModel(CONFIG, seed=1)
    model.compile(
        optimizer=keras.optimizers.Adam(0.05),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    tokens = np.tile(np.arange(11), 60).reshape(-1, 33)
    history = model.fit(tokens[:, :-1], tokens[:, 1:], epochs=15, batch_size=4, verbose=0)
    losses = history.history["loss"]
    assert losses[-1] < 0.5 * losses[0]


def test_parameters_have_the_names_and_shapes_of_the_configuration() -> None:
    weights = get_weights(LanguageModel(CONFIG))
    assert {name: array.shape for name, array in weights.items()} == CONFIG.tensors()


def test_weights_put_in_come_out() -> None:
    model = LanguageModel(CONFIG)
    weights = random_weights(CONFIG)
    set_weights(model, weights)
    for name, array in get_weights(model).items():
        np.testing.assert_array_equal(array, weights[name])


def test_seed_decides_weights_and_nothing_else_does() -> None:
    keras.utils.set_random_seed(1)
    one = get_weights(LanguageModel(CONFIG, seed=3))
    keras.utils.set_random_seed(2)
    other = get_weights(LanguageModel(CONFIG, seed=3))
    different = get_weights(LanguageModel(CONFIG, seed=4))
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name])
    assert (one["logits.kernel"] != different["logits.kernel"]).any()


def test_dropout_is_locked_over_the_window() -> None:
    model = LanguageModel(CONFIG, seed=1)
    dropped = np.array(model.dropouts[1](np.ones((4, 9, 7), np.float32), training=True))
    assert (dropped == dropped[:, :1]).all()
    assert (dropped == 0).any()
    assert (dropped[0] != dropped[1]).any()


def test_untrained_model_started_from_counts_predicts_their_shares() -> None:
    model = LanguageModel(CONFIG, seed=1)
    model.logits.kernel.assign(np.zeros((6, 11), np.float32))
    counts = np.arange(11)
    model.start_from_counts(counts)
    shares = keras.ops.softmax(model(np.zeros((1, 1), np.int32)))[0, 0]
    np.testing.assert_allclose(np.array(shares), (counts + 1) / 66, rtol=1e-5)


def test_keras_can_clone_and_summarize_it() -> None:
    model = LanguageModel(CONFIG, seed=1)
    clone = LanguageModel.from_config(model.get_config())
    assert clone.config == CONFIG
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    assert f"{CONFIG.parameter_count():,}" in "\n".join(lines)
