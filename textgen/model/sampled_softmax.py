"""Sampled softmax: a loss for large vocabularies that computes a random part of the logits.

The denominator of the softmax is estimated. Each step draws some tokens, common ones more often,
and weighs each by 1 / its probability to be drawn, so the estimate is unbiased (Horvitz and
Thompson 1952). Jean et al. 2015, "On Using Very Large Target Vocabulary for Neural Machine
Translation", train in this way. Evaluation computes all logits.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from textgen.model.cross_entropy import LastLayer

Tensor = Any  # TensorFlow ships no types that a checker can use

FLATTENING = 0.75  # exponent of the counts that tokens are drawn by, as in word2vec
OUT_OF_THE_QUESTION = -1e9


class SampledSoftmax:
    """Draws tokens without replacement, and computes the loss among them.

    Args:
        counts: occurrences of each token, of shape (vocabulary,); one is added to each.
        samples: number of tokens to draw, at most all of them.
        seed: of the drawing.
    """

    def __init__(self, counts: NDArray[np.int64], samples: int, seed: int) -> None:
        weights = (counts + 1.0) ** FLATTENING
        shares = weights / weights.sum()
        self.samples = min(samples, len(counts))
        self.seeds = keras.random.SeedGenerator(seed)
        self._log_shares = np.log(shares).astype(np.float32)
        drawn = _probabilities_to_be_drawn(shares, self.samples)
        self._log_drawn = np.log(drawn).astype(np.float32)

    def mean_nats(self, outputs: Tensor, layer: LastLayer, targets: Tensor) -> Tensor:
        """Return the mean loss of the targets among the drawn tokens.

        Args:
            outputs: inputs of the last layer, of shape (rows, units), of float32 or bfloat16.
            layer: the layer that makes logits of them.
            targets: ids, of shape (rows,).
        """
        drawn = self._draw()
        vectors = layer.kernel if layer.is_tied else tf.transpose(layer.kernel)
        products = tf.matmul(
            outputs, tf.cast(tf.gather(vectors, drawn), outputs.dtype), transpose_b=True
        )
        of_targets = tf.reduce_sum(
            tf.cast(outputs, tf.float32) * tf.gather(vectors, targets), axis=1
        ) + tf.gather(layer.bias, targets)
        weighed = tf.gather(layer.bias - self._log_drawn, drawn)
        return _mean_nats(products, weighed, drawn, of_targets, targets)

    def _draw(self) -> Tensor:
        """Return distinct tokens: those with the largest log share plus Gumbel noise.

        (Kool et al. 2019, "Stochastic Beams and Where to Find Them", section 2.3.)
        """
        uniform = tf.random.stateless_uniform(
            self._log_shares.shape, self.seeds.next(), minval=np.finfo(np.float32).tiny
        )
        noisy = self._log_shares - tf.math.log(-tf.math.log(uniform))
        return tf.math.top_k(noisy, self.samples, sorted=False).indices


@tf.function(jit_compile=True, autograph=False)
def _mean_nats(
    products: Tensor, bias: Tensor, drawn: Tensor, of_targets: Tensor, targets: Tensor
) -> Tensor:
    """Return the mean loss; a target counts once, even if it was drawn, too."""
    logits = tf.cast(products, tf.float32) + bias
    logits = tf.where(drawn == targets[:, None], OUT_OF_THE_QUESTION, logits)
    largest = tf.stop_gradient(tf.maximum(tf.reduce_max(logits, axis=1), of_targets))
    others = tf.reduce_sum(tf.exp(logits - largest[:, None]), axis=1)
    total = others + tf.exp(of_targets - largest)
    return tf.reduce_mean(largest + tf.math.log(total) - of_targets)


def _probabilities_to_be_drawn(shares: NDArray[np.float64], samples: int) -> NDArray[np.float64]:
    """Return each token's probability to be among `samples` tokens drawn without replacement.

    That is nearly drawing with replacement until enough tokens differ. The number of such draws is
    found by bisection.
    """
    if samples == len(shares):
        return np.ones_like(shares)
    low, high = 1.0, 1e12
    for _ in range(100):
        draws = np.sqrt(low * high)
        if -np.expm1(-draws * shares).sum() < samples:
            low = draws
        else:
            high = draws
    return -np.expm1(-high * shares)
