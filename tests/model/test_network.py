"""The network is a Keras model like any other, and its fused loop computes what Keras's does."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.seeded_models import seeded_weights
from textgen.artifact.model_folder import Model, write_model
from textgen.config.model import ModelConfig
from textgen.model import LanguageModel, lstm_op
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
            outputs, hidden, cell = layer(inputs, initial_state=state)
            total = (
                tf.reduce_sum(outputs * tf.cos(outputs))
                + tf.reduce_sum(hidden**2)
                + tf.reduce_sum(tf.sin(cell))
            )
        gradients = tape.gradient(total, [inputs, *state, *layer.trainable_variables])
        results.append([outputs, hidden, cell, *gradients])
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(np.array(one), np.array(other), atol=2e-5, rtol=1e-4)


def test_fused_loop_has_gradients_outside_a_graph_after_one_inside() -> None:
    layer = FastLSTM(5, return_sequences=True)
    inputs = tf.random.stateless_normal((4, 6, 3), (1, 2))

    def gradients() -> Any:
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(layer(inputs) ** 2)
        return tape.gradient(total, layer.trainable_variables)

    first = gradients()
    inside = tf.function(gradients, autograph=False)()
    for one, other, again in zip(first, inside, gradients(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
        np.testing.assert_allclose(one, again, atol=1e-5)


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


LOSSES = {
    "sparse": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    "smoothed": keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
    "focal": keras.losses.CategoricalFocalCrossentropy(from_logits=True),
}
OPTIMIZERS = {
    "adam": lambda: keras.optimizers.Adam(0.05),
    "sgd": lambda: keras.optimizers.SGD(0.5, momentum=0.9, nesterov=True, clipnorm=1.0),
    "rmsprop": lambda: keras.optimizers.RMSprop(0.02),
}


def sentences(one_hot: bool) -> tuple[Any, Any]:
    """The alphabet again and again: inputs, and what follows."""
    tokens = np.tile(np.arange(11), 60).reshape(-1, 33)
    following = tokens[:, 1:]
    return tokens[:, :-1], keras.ops.one_hot(following, 11) if one_hot else following


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize(
    ("loss", "optimizer"), [("sparse", "adam"), ("smoothed", "sgd"), ("focal", "rmsprop")]
)
def test_plain_compile_and_fit_learn(loss: str, optimizer: str, tied: bool) -> None:
    model = LanguageModel(CONFIG.replace(tie_embeddings=tied, dropout=0.0), seed=1)
    model.compile(optimizer=OPTIMIZERS[optimizer](), loss=LOSSES[loss], metrics=["accuracy"])
    inputs, targets = sentences(one_hot=loss != "sparse")
    history = model.fit(inputs, targets, epochs=12, batch_size=2, verbose=0).history
    assert history["loss"][-1] < 0.8 * history["loss"][0]
    assert history["accuracy"][-1] > 0.7  # chance is 0.1


@pytest.mark.parametrize("tied", [False, True])
def test_callbacks_of_keras_watch_save_and_stop(tied: bool, tmp_path: Path) -> None:
    model = LanguageModel(CONFIG.replace(tie_embeddings=tied), seed=1)
    model.compile(optimizer="adam", loss=LOSSES["sparse"])
    rates = [0.05, 0.05, 0.0, 0.0, 0.0, 0.0]
    callbacks = [
        keras.callbacks.ModelCheckpoint(tmp_path / "model.keras", monitor="val_loss"),
        keras.callbacks.EarlyStopping(monitor="val_loss", patience=2, min_delta=1e-6),
        keras.callbacks.LearningRateScheduler(lambda epoch: rates[epoch]),
    ]
    data = sentences(one_hot=False)
    history = model.fit(*data, epochs=6, validation_data=data, callbacks=callbacks, verbose=0)
    assert len(history.epoch) == 4  # two that learn, two that cannot
    assert history.history["learning_rate"][:3] == pytest.approx(rates[:3])
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(data[0][:2]), model(data[0][:2]))


def test_model_folder_becomes_a_keras_model(model: Model, tmp_path: Path) -> None:
    write_model(model, tmp_path / "m")
    loaded = LanguageModel.from_pretrained(tmp_path / "m")
    assert loaded.config == model.config
    for name, array in loaded.named_weights().items():
        np.testing.assert_array_equal(array, model.weights[name])


def test_tied_output_is_the_embedding_and_trains_it_from_both_sides() -> None:
    config = CONFIG.replace(tie_embeddings=True, embedding_size=6)
    model = LanguageModel(config, seed=1)
    assert "projection.kernel" not in config.tensors()
    assert config.parameter_count() == CONFIG.replace(embedding_size=6).parameter_count() - 66
    outputs, _ = model.read(np.array([[3]]), model.initial_state(1))
    matrix = np.array(model.embedding.embeddings)
    np.testing.assert_allclose(
        model(np.array([[3]]))[0, 0], np.array(outputs)[0, 0] @ matrix.T, atol=1e-6
    )
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(model(np.array([[3]]))[0, 0, 7])
    gradient = tf.convert_to_tensor(tape.gradient(total, model.embedding.embeddings.value))
    assert [bool(row.any()) for row in np.array(gradient)] == [i in (3, 7) for i in range(11)]


def test_embeddings_reach_the_first_layer_with_standard_deviation_one() -> None:
    for tied in (False, True):
        config = ModelConfig(vocab_size=500, embedding_size=64, units=(2,), tie_embeddings=tied)
        embeddings = LanguageModel(config).named_weights()["embedding.embeddings"]
        assert abs(config.embedding_scale * embeddings.std() - 1) < 0.02


def test_recurrent_dropout_hides_some_of_the_state_in_training_alone() -> None:
    config = ModelConfig(
        vocab_size=5, embedding_size=3, units=(40,), dropout=0.0, recurrent_dropout=0.5
    )
    model = LanguageModel(config, seed=1)
    tokens = np.ones((1, 6), np.int32)
    first, second = (np.array(model(tokens, training=True)) for _ in range(2))
    assert (first[:, 0] == second[:, 0]).all()  # the state was still empty
    assert (first[:, 1:] != second[:, 1:]).any()
    np.testing.assert_array_equal(model(tokens), model(tokens))


def test_parameters_have_the_names_and_shapes_of_the_configuration() -> None:
    weights = LanguageModel(CONFIG).named_weights()
    assert {name: array.shape for name, array in weights.items()} == CONFIG.tensors()


def test_weights_put_in_come_out() -> None:
    model = LanguageModel(CONFIG)
    weights = seeded_weights(CONFIG)
    model.load_named_weights(weights)
    for name, array in model.named_weights().items():
        np.testing.assert_array_equal(array, weights[name])


def test_seed_decides_weights_and_nothing_else_does() -> None:
    keras.utils.set_random_seed(1)
    one = LanguageModel(CONFIG, seed=3).named_weights()
    keras.utils.set_random_seed(2)
    other = LanguageModel(CONFIG, seed=3).named_weights()
    different = LanguageModel(CONFIG, seed=4).named_weights()
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name])
    assert (one["logits.kernel"] != different["logits.kernel"]).any()


def test_dropout_is_locked_over_the_window() -> None:
    model = LanguageModel(CONFIG, seed=1)
    dropped = np.array(model.dropouts[1](np.ones((9, 4, 7), np.float32), training=True))
    assert (dropped == dropped[:1]).all()
    assert (dropped == 0).any()
    assert (dropped[:, 0] != dropped[:, 1]).any()


def test_weight_drop_hides_some_recurrent_weights_in_training_alone() -> None:
    layer = FastLSTM(40, weight_drop=0.5, return_sequences=True, seed=3)
    inputs = tf.ones((2, 3, 4))
    plain, first, second = layer(inputs), layer(inputs, training=True), layer(inputs, training=True)
    np.testing.assert_array_equal(plain, layer(inputs))
    np.testing.assert_allclose(first[:, 0], plain[:, 0], rtol=1e-5)  # the state before is zero
    assert not np.allclose(first[:, 1], plain[:, 1])
    assert not np.allclose(first, second)
    kernel = np.array(layer.cell.recurrent_kernel)
    dropped = np.array(layer._dropped(kernel, training=True))
    hidden = dropped == 0
    assert 0.45 < hidden.mean() < 0.55
    np.testing.assert_allclose(dropped[~hidden], 2 * kernel[~hidden])
    assert FastLSTM.from_config(layer.get_config()).weight_drop == 0.5


def test_token_dropout_hides_a_token_wherever_it_stands() -> None:
    config = CONFIG.replace(token_dropout=0.5, dropout=0.0)
    model = LanguageModel(config, seed=2)
    tokens = np.tile(np.arange(11), (3, 2))
    plain = np.array(model._embed(tokens, training=False)[0])
    dropped = np.array(model._embed(tokens, training=True)[0])
    hidden = (dropped == 0).all(axis=2)
    assert (hidden == hidden[0]).all()
    assert (hidden[:, :11] == hidden[:, 11:]).all()
    assert 0 < hidden.mean() < 1
    np.testing.assert_allclose(dropped[~hidden], 2 * plain[~hidden], rtol=1e-6)


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
