"""The fused LSTM loop for TensorFlow on a CPU, with its own gradient.

All inputs are projected in one matrix product, so the loops hold the recurrent product alone. The
gradients of the weights are single products after the backward loop. (Appleyard et al. 2016,
"Optimizing Performance of Recurrent Neural Networks on GPUs", section 3.) The products are those of
TensorFlow, from oneDNN. The operations between two products are one function compiled by XLA.

The gates stand side by side in the last axis, in the order of `config.cell.LSTM`.
"""

from typing import Any

import numpy as np
import tensorflow as tf

from textgen.config.cell import LSTM

Tensor = Any  # TensorFlow ships no types that a checker can use


@tf.custom_gradient
def lstm(
    inputs: Tensor, hidden: Tensor, cell: Tensor, kernel: Tensor, recurrent: Tensor, bias: Tensor
) -> Any:
    """Run an LSTM layer over a sequence, inside a graph.

    (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000.)

    Matrix products, and the arrays kept for the gradient, have the type of `inputs`. The cell state
    and all elementwise operations are float32.

    Args:
        inputs: shape (time, batch, features), of float32 or bfloat16.
        hidden: hidden state before the first step, shape (batch, units).
        cell: cell state before the first step, shape (batch, units).
        kernel: shape (features, 4 * units).
        recurrent: shape (units, 4 * units).
        bias: shape (4 * units,).

    Returns:
        the outputs of shape (time, batch, units), of the type of `inputs`, and the last hidden and
        cell state, of float32.
    """
    dtype = inputs.dtype
    kernel, recurrent = tf.cast(kernel, dtype), tf.cast(recurrent, dtype)
    projected = _product(inputs, kernel)
    outputs, gates, cells, after = _forward(projected, hidden, cell, recurrent, bias)

    def gradient(d_outputs: Tensor, d_hidden: Tensor, d_cell: Tensor) -> Any:
        d_gates, d_hidden, d_cell = _backward(d_outputs, d_hidden, d_cell, gates, cells, recurrent)
        return (
            _product(d_gates, kernel, transpose_b=True),
            d_hidden,
            d_cell,
            tf.cast(tf.matmul(_rows(inputs), _rows(d_gates), transpose_a=True), tf.float32),
            tf.cast(tf.matmul(_rows(outputs[:-1]), _rows(d_gates), transpose_a=True), tf.float32),
            _sum_of_rows(_rows(d_gates)),
        )

    return (outputs[1:], *after), gradient


def _forward(
    projected: Tensor, hidden: Tensor, cell: Tensor, recurrent: Tensor, bias: Tensor
) -> tuple[Tensor, Any, Any, tuple[Tensor, Tensor]]:
    """Return outputs, gates and cell states of all steps, and the last state.

    Outputs (a tensor) and cell states (a tensor array) begin with the state before the first step.
    """
    steps, dtype = tf.shape(projected)[0], projected.dtype
    first = tf.cast(hidden, dtype)
    outputs = tf.TensorArray(dtype, steps + 1, element_shape=hidden.shape).write(0, first)
    cells = tf.TensorArray(tf.float32, steps + 1, element_shape=cell.shape).write(0, cell)
    gates = tf.TensorArray(dtype, steps, element_shape=projected.shape[1:])

    def step(
        t: Tensor, h: Tensor, _: Tensor, c: Tensor, outputs: Any, gates: Any, cells: Any
    ) -> Any:
        activated, exact, h, c = _step(projected, t, tf.matmul(h, recurrent), bias, c)
        return (
            t + 1,
            h,
            exact,
            c,
            outputs.write(t + 1, h),
            gates.write(t, activated),
            cells.write(t + 1, c),
        )

    _, _, hidden, cell, outputs, gates, cells = tf.while_loop(
        lambda t, *_: t < steps,
        step,
        (0, first, hidden, cell, outputs, gates, cells),
        parallel_iterations=1,
    )
    return outputs.stack(), gates, cells, (hidden, cell)


def _backward(
    d_outputs: Tensor,
    d_hidden: Tensor,
    d_cell: Tensor,
    gates: Any,
    cells: Any,
    recurrent: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of the gates before their activation, and of the state before."""
    steps, dtype = tf.shape(d_outputs)[0], recurrent.dtype
    back = tf.transpose(recurrent)  # a product with a transposed matrix is half as fast

    def step(t: Tensor, dh: Tensor, dc: Tensor, d_gates: Any) -> Any:
        kept = gates.read(t), cells.read(t + 1), cells.read(t)
        d_activated, dc = _step_back(*kept, d_outputs, t, dh, dc)
        return t - 1, tf.matmul(d_activated, back), dc, d_gates.write(t, d_activated)

    _, d_hidden, d_cell, d_gates = tf.while_loop(
        lambda t, *_: t >= 0,
        step,
        (steps - 1, tf.cast(d_hidden, dtype), d_cell, tf.TensorArray(dtype, steps)),
        parallel_iterations=1,
    )
    return d_gates.stack(), tf.cast(d_hidden, tf.float32), d_cell


@tf.function(jit_compile=True, autograph=False)
def _step(projected: Tensor, t: Tensor, product: Tensor, bias: Tensor, cell: Tensor) -> Any:
    """Return activated gates, outputs exact and in the products' type, and cell states."""
    dtype = projected.dtype
    sums = tf.cast(tf.gather(projected, t), tf.float32) + tf.cast(product, tf.float32) + bias
    activated = _activate(sums)
    i, f, g, o = tf.split(activated, len(LSTM.gates), axis=1)
    cell = f * cell + i * g
    hidden = o * tf.tanh(cell)
    return tf.cast(activated, dtype), hidden, tf.cast(hidden, dtype), cell


def _activate(sums: Tensor) -> Tensor:
    """Return the sigmoid of the gates i, f and o and the tanh of the candidate g, in one pass.

    As sigmoid(x) = tanh(x / 2) / 2 + 1 / 2, the columns differ in scale and shift alone.
    """
    scales = np.array([1 if gate == "g" else 0.5 for gate in LSTM.gates], np.float32)
    scale = np.repeat(scales, sums.shape[1] // len(LSTM.gates))
    return tf.tanh(sums * scale) * scale + (1 - scale)


@tf.function(jit_compile=True, autograph=False)
def _step_back(
    gates: Tensor,
    cell: Tensor,
    cell_before: Tensor,
    d_outputs: Tensor,
    t: Tensor,
    d_hidden: Tensor,
    d_cell: Tensor,
) -> tuple[Tensor, Tensor]:
    """Return the gradients of the gates before their activation, and of the cell state before."""
    i, f, g, o = tf.split(tf.cast(gates, tf.float32), len(LSTM.gates), axis=1)
    squashed = tf.tanh(cell)
    dh = tf.cast(d_hidden, tf.float32) + tf.cast(tf.gather(d_outputs, t), tf.float32)
    dc = d_cell + dh * o * (1 - squashed * squashed)
    d_activated = [
        dc * g * i * (1 - i),
        dc * cell_before * f * (1 - f),
        dc * i * (1 - g * g),
        dh * squashed * o * (1 - o),
    ]
    return tf.cast(tf.concat(d_activated, axis=1), gates.dtype), dc * f


@tf.function(jit_compile=True, autograph=False)
def _sum_of_rows(rows: Tensor) -> Tensor:
    """Return the sum over the first axis, in float32."""
    return tf.reduce_sum(tf.cast(rows, tf.float32), axis=0)


def _product(sequence: Tensor, matrix: Tensor, *, transpose_b: bool = False) -> Tensor:
    """Multiply every vector of a sequence with a matrix, as one product."""
    rows = tf.matmul(_rows(sequence), matrix, transpose_b=transpose_b)
    time, batch = tf.unstack(tf.shape(sequence)[:2])
    return tf.ensure_shape(
        tf.reshape(rows, [time, batch, rows.shape[-1]]), [*sequence.shape[:2], rows.shape[-1]]
    )


def _rows(sequence: Tensor) -> Tensor:
    """Put the vectors of all steps below each other."""
    return tf.reshape(sequence, [-1, sequence.shape[-1]])
