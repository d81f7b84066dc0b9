"""The fused loop's gradients are those that small differences of its outputs show."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from textgen.model.lstm_op import lstm

BATCH, UNITS, FEATURES = 2, 5, 3
WINDOWS = (4, 1, 6)
STEP = 1e-2


def arrays() -> list[Any]:
    """Inputs, state and weights of several windows."""
    generator = np.random.default_rng(2)
    shapes = [
        (sum(WINDOWS), BATCH, FEATURES),
        (BATCH, UNITS),
        (BATCH, UNITS),
        (FEATURES, 4 * UNITS),
        (UNITS, 4 * UNITS),
        (4 * UNITS,),
    ]
    return [0.5 * generator.standard_normal(shape).astype(np.float32) for shape in shapes]


@tf.function(autograph=False)
def total(inputs: Any, hidden: Any, cell: Any, *weights: Any) -> Any:
    """Return a number made of the outputs of several windows, the state carried between them."""
    found = 0.0
    for window in tf.split(inputs, WINDOWS):
        outputs, hidden, cell = lstm(window, hidden, cell, *weights)
        found += tf.reduce_sum(tf.sin(3 * outputs))
    return found + tf.reduce_sum(hidden**2) + tf.reduce_sum(tf.sin(cell))


@tf.function(autograph=False)
def gradients(*tensors: Any) -> Any:
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        found = total(*tensors)
    return tape.gradient(found, tensors)


@pytest.mark.parametrize(
    "which", range(6), ids=["inputs", "hidden", "cell", "kernel", "recurrent", "bias"]
)
def test_gradient_is_the_slope_of_the_outputs_over_several_windows(which: int) -> None:
    tensors = arrays()
    gradient = np.array(gradients(*map(tf.constant, tensors))[which])
    for seed in range(3):
        direction = np.random.default_rng(seed).standard_normal(gradient.shape).astype(np.float32)
        direction /= np.linalg.norm(direction)
        ends = []
        for sign in (1, -1):
            moved = [
                a + sign * STEP * direction * (n == which) if n == which else a
                for n, a in enumerate(tensors)
            ]
            ends.append(float(total(*map(tf.constant, moved))))
        slope = (ends[0] - ends[1]) / (2 * STEP)
        assert slope == pytest.approx(float((gradient * direction).sum()), rel=0.01, abs=2e-3)
