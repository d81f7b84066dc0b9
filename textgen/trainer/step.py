"""One optimizer step and one validation window, each compiled by TensorFlow."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from textgen.config.training import TrainingConfig
from textgen.model.network import LanguageModel, State


class Step:
    """A language model with its optimizer: what changes while training, all of it explicit."""

    def __init__(self, model: LanguageModel, config: TrainingConfig) -> None:
        self.model = model
        self.optimizer = keras.optimizers.AdamW(
            config.learning_rate, beta_2=0.99, weight_decay=config.weight_decay
        )
        self.optimizer.exclude_from_weight_decay(var_names=["bias"])
        self.optimizer.build(model.trainable_variables)
        self._clip_norm = config.clip_norm
        self._train = tf.function(self._train_eagerly, autograph=False, reduce_retracing=True)
        self._predict = tf.function(self._predict_eagerly, autograph=False, reduce_retracing=True)

    def train(
        self, tokens: NDArray[np.int32], fresh: NDArray[np.bool_], state: State, rate: float
    ) -> tuple[float, float, State]:
        """Take one step of AdamW (Loshchilov and Hutter 2019) with a clipped gradient.

        Args:
            tokens: shape (batch, window + 1).
            fresh: the streams that begin with the zero state instead, of shape (batch,).
            state: of the model before the window.
            rate: learning rate.

        Returns:
            mean loss in nats per token, global norm of the gradient, state after the window.
        """
        carried = tf.constant(~fresh[:, None], tf.float32)
        rate = tf.constant(rate, tf.float32)
        loss, norm, state = self._train(tf.constant(tokens), carried, state, rate)
        return float(loss), float(norm), state

    def predict(
        self, tokens: NDArray[np.int32], counted: NDArray[np.float32], state: State
    ) -> tuple[float, State]:
        """Sum the nats of the counted tokens.

        Args:
            tokens: shape (streams, window + 1).
            counted: 1 where a predicted token counts, else 0; shape (streams, window).
            state: of the model before the window.
        """
        nats, state = self._predict(tf.constant(tokens), tf.constant(counted), state)
        return float(nats), state

    def variables(self) -> list[Any]:
        """Return everything that a step changes: weights, optimizer, seeds of dropout."""
        return [*self.model.variables, *self.optimizer.variables]

    def _train_eagerly(self, tokens: Any, carried: Any, state: State, rate: Any) -> Any:
        state = [(hidden * carried, memory * carried) for hidden, memory in state]
        self.optimizer.learning_rate.assign(rate)
        with tf.GradientTape() as tape:
            nats, state = self._nats(tokens, state, training=True)
            loss = tf.reduce_mean(nats)
        variables = self.model.trainable_variables
        gradients = [tf.convert_to_tensor(g) for g in tape.gradient(loss, variables)]
        gradients, norm = tf.clip_by_global_norm(gradients, self._clip_norm)
        self.optimizer.apply(gradients, variables)
        return loss, norm, state

    def _predict_eagerly(self, tokens: Any, counted: Any, state: State) -> Any:
        nats, state = self._nats(tokens, state, training=False)
        return tf.reduce_sum(nats * counted), state

    def _nats(self, tokens: Any, state: State, *, training: bool) -> tuple[Any, State]:
        logits, state = self.model(tokens[:, :-1], state, return_state=True, training=training)
        nats = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tokens[:, 1:], logits=logits)
        return nats, state
