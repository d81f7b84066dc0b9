"""The cross-entropy of a large output layer, computed without holding all of its logits.

Rows are taken in chunks. The loss is a single number, so the gradient of a chunk follows from its
logits up to a factor. It is computed at once, and the logits are freed.
(Hsu et al. 2024, "Liger Kernel", fuse the last layer and its loss in the same way.)
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import tensorflow as tf

Tensor = Any  # TensorFlow ships no types that a checker can use
LOGITS_AT_ONCE = 1 << 22


class LastLayer(NamedTuple):
    """The parameters of the layer that makes the logits.

    Attributes:
        kernel: of shape (units, vocabulary).
        bias: of shape (vocabulary,).
        is_tied: whether the kernel is an embedding matrix, of shape (vocabulary, units).
    """

    kernel: Tensor
    bias: Tensor
    is_tied: bool


def mean_nats(
    outputs: Tensor, layer: LastLayer, targets: Tensor, *, smoothing: float = 0.0
) -> Tensor:
    """Return the mean cross-entropy of a linear layer's logits, in nats.

    Products are computed in the type of `outputs`; everything else is float32.

    Args:
        outputs: inputs of the layer, of shape (rows, units), of float32 or bfloat16.
        layer: the layer that makes logits of them.
        targets: ids, of shape (rows,).
        smoothing: share of the target that is spread evenly over all tokens (Szegedy et al. 2016,
            section 7).
    """

    @tf.custom_gradient
    def run(outputs: Tensor, kernel: Tensor, bias: Tensor) -> Any:
        read = LastLayer(kernel, bias, layer.is_tied)
        nats, *gradients = _in_chunks(outputs, read, targets, smoothing)
        return nats, lambda factor: [g * tf.cast(factor, g.dtype) for g in gradients]

    return run(outputs, tf.convert_to_tensor(layer.kernel), tf.convert_to_tensor(layer.bias))


def _in_chunks(
    outputs: Tensor, layer: LastLayer, targets: Tensor, smoothing: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the mean of the nats, and its gradients by outputs, kernel and bias."""
    kernel, tied = tf.cast(layer.kernel, outputs.dtype), layer.is_tied
    chunks = -(-outputs.shape[0] * layer.bias.shape[0] // LOGITS_AT_ONCE)
    nats, d_kernel, d_bias = 0.0, 0.0, 0.0
    d_outputs: list[Tensor] = []
    for part, wanted in _split(outputs, targets, chunks):
        with tf.control_dependencies([nats] if d_outputs else []):  # one chunk after the other
            product = tf.matmul(part, kernel, transpose_b=tied)
        more, d_logits, d_more = _chunk(product, layer.bias, wanted, outputs.shape[0], smoothing)
        nats, d_bias = nats + more, d_bias + d_more
        factors = (d_logits, part) if tied else (part, d_logits)
        d_kernel += tf.cast(tf.matmul(*factors, transpose_a=True), tf.float32)
        d_outputs.append(tf.matmul(d_logits, kernel, transpose_b=not tied))
    return nats, tf.concat(d_outputs, axis=0), d_kernel, d_bias


def _split(outputs: Tensor, targets: Tensor, chunks: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the chunks of both, as even as can be."""
    rows = outputs.shape[0]
    for k in range(chunks):
        part = slice(k * rows // chunks, (k + 1) * rows // chunks)
        yield outputs[part], targets[part]


@tf.function(jit_compile=True, autograph=False)
def _chunk(product: Tensor, bias: Tensor, targets: Tensor, rows: Tensor, smoothing: float) -> Any:
    """Return a chunk's share of the mean, and the gradients by its logits and the bias."""
    logits = tf.cast(product, tf.float32) + bias
    largest = tf.reduce_max(logits, axis=1, keepdims=True)
    exponentials = tf.exp(logits - largest)
    total = tf.reduce_sum(exponentials, axis=1, keepdims=True)
    share = 1 / tf.cast(rows, tf.float32)
    hits = tf.range(logits.shape[1])[None] == targets[:, None]
    wanted = (1 - smoothing) * tf.cast(hits, tf.float32) + smoothing / logits.shape[1]
    nats = largest + tf.math.log(total) - tf.reduce_sum(wanted * logits, axis=1, keepdims=True)
    d_logits = (exponentials / total - wanted) * share
    return tf.reduce_sum(nats) * share, tf.cast(d_logits, product.dtype), tf.reduce_sum(d_logits, 0)
