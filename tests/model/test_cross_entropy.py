"""The fused loss and its gradient are those of Keras's loss of the logits, in any chunks."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training import needs_bf16
from textgen.config.model import ModelConfig
from textgen.model import LanguageModel, cross_entropy
from textgen.model.cross_entropy import LastLayer, mean_nats

TOKENS = np.random.default_rng(5).integers(0, 13, (6, 5)).astype(np.int32)


def value_and_gradients(loss: Any, *tensors: Any) -> list[Any]:
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        nats = 3 * loss(*tensors)
    return [np.array(array) for array in (nats, *tape.gradient(nats, tensors))]


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 1000),
    st.sampled_from([0.0, 0.1, 0.9]),
    st.sampled_from([1, 50, 1 << 20]),
    st.booleans(),
)
def test_fused_loss_and_its_gradients_are_those_of_keras(
    seed: int, smoothing: float, at_once: int, is_tied: bool
) -> None:
    generator = np.random.default_rng(seed)
    outputs, kernel, bias = (
        tf.constant(2 * generator.standard_normal(shape), tf.float32)
        for shape in ((10, 4), (7, 4) if is_tied else (4, 7), (7,))
    )
    targets = tf.constant(generator.integers(0, 7, 10), tf.int32)

    def keras_loss(outputs: Any, kernel: Any, bias: Any) -> Any:
        nats = keras.losses.categorical_crossentropy(
            tf.one_hot(targets, 7),
            tf.matmul(outputs, kernel, transpose_b=is_tied) + bias,
            from_logits=True,
            label_smoothing=smoothing,
        )
        return tf.reduce_mean(nats)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cross_entropy, "LOGITS_AT_ONCE", at_once)
        ours = value_and_gradients(
            lambda o, k, b: mean_nats(o, LastLayer(k, b, is_tied), targets, smoothing=smoothing),
            *(outputs, kernel, bias),
        )
    theirs = value_and_gradients(keras_loss, outputs, kernel, bias)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("tied", "units"), [(False, (7, 6)), (True, (7, 5)), (True, (7, 6))])
def test_loss_of_the_model_is_that_of_its_logits(tied: bool, units: tuple[int, ...]) -> None:
    config = ModelConfig(
        vocab_size=13, embedding_size=5, units=units, dropout=0.0, tie_embeddings=tied
    )
    model = LanguageModel(config, seed=3)
    tokens, state = TOKENS, model.initial_state(5)
    for _ in range(2):
        logits, _ = model(tokens[:-1].T, state, return_state=True)
        expected = keras.losses.sparse_categorical_crossentropy(
            tokens[1:].T, logits, from_logits=True
        )
        outputs, state = model.outputs_in_training(tf.constant(tokens[:-1]), state)
        nats = mean_nats(outputs, model.last_layer(), tf.reshape(tokens[1:], [-1]))
        assert float(nats) == pytest.approx(float(tf.reduce_mean(expected)), rel=1e-5)


@needs_bf16
def test_products_in_bf16_have_nearly_the_gradients_of_fp32() -> None:
    config = ModelConfig(vocab_size=13, embedding_size=16, units=(32, 32), dropout=0.0)
    found = []
    for matmul in ("fp32", "bf16"):
        model = LanguageModel(config, seed=3, matmul=matmul)
        state = [(tf.ones_like(h), tf.ones_like(c)) for h, c in model.initial_state(5)]
        with tf.GradientTape() as tape:
            outputs, after = model.outputs_in_training(tf.constant(TOKENS[:-1]), state)
            nats = mean_nats(outputs, model.last_layer(), tf.reshape(TOKENS[1:], [-1]))
        gradients = tape.gradient(nats, model.trainable_variables)
        assert {part.dtype for layer in after for part in layer} == {tf.float32}
        found.append([nats, *[tf.convert_to_tensor(gradient) for gradient in gradients]])
    for exact, rounded in zip(*found, strict=True):
        distance = float(tf.norm(exact - rounded) / tf.norm(exact))
        assert 0 < distance < 0.03
