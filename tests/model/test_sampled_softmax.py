"""The loss among samples is the whole loss where all are drawn, and leads to it where not."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.training import needs_bf16
from textgen.model.cross_entropy import LastLayer, mean_nats
from textgen.model.sampled_softmax import SampledSoftmax

TYPES, WIDTH, ROWS = 40, 6, 12
COUNTS = np.arange(TYPES, dtype=np.int64) ** 2


def tensors() -> tuple[Any, Any, Any, Any]:
    generator = np.random.default_rng(0)
    shapes = ((ROWS, WIDTH), (WIDTH, TYPES), (TYPES,))
    outputs, kernel, bias = (
        tf.constant(0.5 * generator.standard_normal(shape), tf.float32) for shape in shapes
    )
    return outputs, kernel, bias, tf.constant(generator.integers(0, TYPES, ROWS), tf.int32)


def value_and_gradients(loss: Any, is_tied: bool = False) -> list[Any]:
    *weights, targets = tensors()
    with tf.GradientTape() as tape:
        tape.watch(weights)
        outputs, kernel, bias = weights
        kernel = tf.transpose(kernel) if is_tied else kernel
        nats = loss(outputs, LastLayer(kernel, bias, is_tied), targets)
    gradients = tape.gradient(nats, weights)
    return [np.array(tf.convert_to_tensor(array)) for array in (nats, *gradients)]


@pytest.mark.parametrize("is_tied", [False, True])
def test_among_all_tokens_it_is_the_whole_loss(is_tied: bool) -> None:
    sampled = value_and_gradients(SampledSoftmax(COUNTS, TYPES, seed=1).mean_nats, is_tied)
    for one, other in zip(sampled, value_and_gradients(mean_nats), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_it_and_its_gradient_are_those_of_the_whole_loss_in_the_long_run() -> None:
    among = SampledSoftmax(COUNTS, 38, seed=1)
    several = [value_and_gradients(among.mean_nats) for _ in range(60)]
    for drawn, exact in zip(
        zip(*several, strict=True), value_and_gradients(mean_nats), strict=True
    ):
        mean = np.mean(drawn, axis=0)
        assert np.linalg.norm(mean - exact) < 0.1 * np.linalg.norm(exact)


def test_tokens_are_drawn_without_repeats_as_often_as_is_reckoned_with() -> None:
    among = SampledSoftmax(COUNTS, 10, seed=3)
    draws = [np.array(among._draw()) for _ in range(1000)]
    assert all(len(set(draw.tolist())) == 10 for draw in draws)
    found = np.bincount(np.concatenate(draws), minlength=TYPES) / len(draws)
    np.testing.assert_allclose(found, np.exp(among._log_drawn), atol=0.05)


def test_same_seed_draws_the_same_and_each_step_draws_anew() -> None:
    one, same, other = (SampledSoftmax(COUNTS, 10, seed=seed) for seed in (1, 1, 2))
    first = np.array(one._draw())
    np.testing.assert_array_equal(first, same._draw())
    assert set(first) != set(np.array(one._draw()))
    assert set(first) != set(np.array(other._draw()))


@pytest.mark.parametrize("dtype", [tf.float32, pytest.param(tf.bfloat16, marks=needs_bf16)])
def test_products_are_in_the_format_of_the_outputs(dtype: Any) -> None:
    outputs, kernel, bias, targets = tensors()
    among = SampledSoftmax(COUNTS, TYPES, seed=1)
    layer = LastLayer(kernel, bias, is_tied=False)
    nats = among.mean_nats(tf.cast(outputs, dtype), layer, targets)
    assert nats.dtype == tf.float32
    assert float(nats) == pytest.approx(float(mean_nats(outputs, layer, targets)), rel=0.02)
