"""The fused LSTM loop for TensorFlow on a CPU, with its own gradient.

All inputs are projected in one matrix product; the loop holds the recurrent product alone; the
weights' gradients are single products after the backward loop. Both loops are compiled by XLA.
(Appleyard et al. 2016, "Optimizing Performance of Recurrent Neural Networks on GPUs", section 3.)

Gates stand in Keras's order in the last axis: input, forget, cell, output.
"""

from typing import Any

import tensorflow as tf

Tensor = Any  # TensorFlow ships no types that a checker can use


def lstm(
    inputs: Tensor, hidden: Tensor, memory: Tensor, kernel: Tensor, recurrent: Tensor, bias: Tensor
) -> Any:
    """Run an LSTM layer over a sequence (Hochreiter and Schmidhuber 1997, with forget gate).

    Args:
        inputs: shape (batch, time, features).
        hidden, memory: the state before the first step, each of shape (batch, units).
        kernel: shape (features, 4 * units).
        recurrent: shape (units, 4 * units).
        bias: shape (4 * units,).

    Returns:
        the outputs of shape (batch, time, units), and the last hidden and cell state.
    """
    run = _run_eagerly if tf.executing_eagerly() else _run
    return run(inputs, hidden, memory, kernel, recurrent, bias)


@tf.custom_gradient
def _run(
    inputs: Tensor, hidden: Tensor, memory: Tensor, kernel: Tensor, recurrent: Tensor, bias: Tensor
) -> Any:
    """Do what `lstm` does, inside a graph."""
    outputs, gates, memories = _forward(inputs, hidden, memory, kernel, recurrent, bias)

    def gradient(d_outputs: Tensor, d_hidden: Tensor, d_memory: Tensor) -> Any:
        return _backward(
            d_outputs, d_hidden, d_memory,
            inputs, hidden, memory, kernel, recurrent, outputs, gates, memories,
        )  # fmt: skip

    return (tf.transpose(outputs, [1, 0, 2]), outputs[-1], memories[-1]), gradient


# Outside a graph TensorFlow would record what happens inside the compiled loops. This graph of its
# own serves that case alone: one that another graph has differentiated cannot be run on its own.
_run_eagerly = tf.function(_run, autograph=False, reduce_retracing=True)


@tf.function(jit_compile=True, autograph=False, reduce_retracing=True)
def _forward(
    inputs: Tensor, hidden: Tensor, memory: Tensor, kernel: Tensor, recurrent: Tensor, bias: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return outputs, activated gates and cell states, time first."""
    by_time = tf.transpose(inputs, [1, 0, 2])
    steps = tf.shape(by_time)[0]
    projected = tf.einsum("tbi,ij->tbj", by_time, kernel) + bias

    def step(t: Tensor, h: Tensor, c: Tensor, outputs: Any, gates: Any, memories: Any) -> Any:
        i, f, g, o = tf.split(projected[t] + tf.matmul(h, recurrent), 4, axis=1)
        i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
        c = f * c + i * g
        h = o * tf.tanh(c)
        activated = tf.concat([i, f, g, o], axis=1)
        return t + 1, h, c, outputs.write(t, h), gates.write(t, activated), memories.write(t, c)

    arrays = [tf.TensorArray(tf.float32, size=steps) for _ in range(3)]
    _, _, _, outputs, gates, memories = tf.while_loop(
        lambda t, *_: t < steps, step, (0, hidden, memory, *arrays), maximum_iterations=steps
    )
    return outputs.stack(), gates.stack(), memories.stack()


@tf.function(jit_compile=True, autograph=False, reduce_retracing=True)
def _backward(
    d_outputs: Tensor, d_hidden: Tensor, d_memory: Tensor,
    inputs: Tensor, hidden: Tensor, memory: Tensor, kernel: Tensor, recurrent: Tensor,
    outputs: Tensor, gates: Tensor, memories: Tensor,
) -> tuple[Tensor, ...]:  # fmt: skip
    """Return the gradients of all six arguments of `lstm`."""
    d_by_time = tf.transpose(d_outputs, [1, 0, 2])
    steps = tf.shape(d_by_time)[0]
    memories_before = tf.concat([memory[None], memories[:-1]], axis=0)

    def step(t: Tensor, dh: Tensor, dc: Tensor, d_gates: Any) -> Any:
        i, f, g, o = tf.split(gates[t], 4, axis=1)
        squashed = tf.tanh(memories[t])
        dh = dh + d_by_time[t]
        dc = dc + dh * o * (1 - squashed * squashed)
        d_activated = tf.concat(
            [
                dc * g * i * (1 - i),
                dc * memories_before[t] * f * (1 - f),
                dc * i * (1 - g * g),
                dh * squashed * o * (1 - o),
            ],
            axis=1,
        )
        dh = tf.matmul(d_activated, recurrent, transpose_b=True)
        return t - 1, dh, dc * f, d_gates.write(t, d_activated)

    _, d_hidden, d_memory, d_gates = tf.while_loop(
        lambda t, *_: t >= 0,
        step,
        (steps - 1, d_hidden, d_memory, tf.TensorArray(tf.float32, size=steps)),
        maximum_iterations=steps,
    )
    d_gates = d_gates.stack()
    hidden_before = tf.concat([hidden[None], outputs[:-1]], axis=0)
    return (
        tf.einsum("tbj,ij->bti", d_gates, kernel),
        d_hidden,
        d_memory,
        tf.einsum("bti,tbj->ij", inputs, d_gates),
        tf.einsum("tbh,tbj->hj", hidden_before, d_gates),
        tf.reduce_sum(d_gates, axis=[0, 1]),
    )
