"""One optimizer step and one validation window, each compiled by TensorFlow."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from textgen.config.training import TrainingConfig
from textgen.model.cross_entropy import mean_nats
from textgen.model.network import LanguageModel, State
from textgen.model.sampled_softmax import SampledSoftmax
from textgen.trainer.metrics import make_metrics
from textgen.trainer.optimizers import make_optimizer

# Parameters from which on memory limits an update, and compiling it, half a second, pays.
COMPILED_UPDATE = 1_000_000


class TrainStep:
    """A language model with its optimizer: what changes while training, all of it explicit."""

    def __init__(
        self,
        model: LanguageModel,
        config: TrainingConfig,
        counts: NDArray[np.int64] | None = None,
    ) -> None:
        """
        Args:
            model: what is trained.
            config: how.
            counts: how often each token occurs, for a loss among samples; all as often if not
                given.
        """
        self.model = model
        self.optimizer = make_optimizer(config, model.trainable_variables)
        self.metrics = make_metrics(config.metrics)
        self._clip_norm = config.clip_norm
        self._loss, self._seeds = _make_loss(model, config, counts)
        self._train = tf.function(self._train_eagerly, autograph=False)
        compiled = model.config.parameter_count() >= COMPILED_UPDATE
        self._update = tf.function(self._update_eagerly, autograph=False, jit_compile=compiled)
        self._predict = tf.function(self._predict_eagerly, autograph=False, reduce_retracing=True)

    def train(
        self, tokens: NDArray[np.int32], fresh: NDArray[np.bool_], state: State, rate: float
    ) -> tuple[float, float, State]:
        """Take one step of the optimizer, with a clipped gradient (Pascanu et al. 2013).

        Where the loss or the gradient is not finite, the weights stay as they are.

        Args:
            tokens: shape (batch, window + 1).
            fresh: the streams that begin with the zero state instead, of shape (batch,).
            state: of the model before the window.
            rate: learning rate.

        Returns:
            mean loss in nats per token (of the smoothed labels, if they are), global norm of
            the gradient before it is clipped, state after the window.
        """
        carried = tf.constant(~fresh[:, None], tf.float32)
        rate = tf.constant(rate, tf.float32)
        state = tf.nest.map_structure(tf.convert_to_tensor, state)
        loss, norm, state = self._train(tf.constant(tokens.T), carried, state, rate)
        return float(loss), float(norm), state

    def predict(
        self, tokens: NDArray[np.int32], counted: NDArray[np.float32], state: State
    ) -> tuple[float, State]:
        """Sum the nats of the counted tokens, and let the metrics see them.

        Args:
            tokens: shape (streams, window + 1).
            counted: 1 where a predicted token counts, else 0; shape (streams, window).
            state: of the model before the window.
        """
        nats, state = self._predict(tf.constant(tokens), tf.constant(counted), state)
        return float(nats), state

    def variables(self) -> list[Any]:
        """Return everything that a step changes: weights, optimizer, seeds of dropout."""
        return [*self.model.variables, *self.optimizer.variables, *self._seeds]

    def arrays(self) -> list[NDArray[Any]]:
        """Return copies of the variables' values."""
        return [keras.ops.convert_to_numpy(variable).copy() for variable in self.variables()]

    def restore(self, arrays: list[NDArray[Any]]) -> None:
        """Put values that `arrays` returned back into the variables.

        Raises:
            ValueError: they are of other variables.
        """
        for variable, array in zip(self.variables(), arrays, strict=True):
            variable.assign(array)

    def _train_eagerly(self, tokens: Any, carried: Any, state: State, rate: Any) -> Any:
        state = [tuple(part * carried for part in states) for states in state]
        with tf.GradientTape() as tape:
            outputs, state = self.model.outputs_in_training(tokens[:-1], state)
            targets, _ = self.model.apart(tokens[1:])
            loss = self._loss(outputs, self.model.last_layer(), tf.reshape(targets, [-1]))
        gradients = tape.gradient(loss, self.model.trainable_variables)
        norm = self._update([tf.convert_to_tensor(g) for g in gradients], loss, rate)
        return loss, norm, state

    def _update_eagerly(self, gradients: list[Any], loss: Any, rate: Any) -> Any:
        """Apply clipped gradients, unless they or the loss are not finite; return their norm."""
        self.optimizer.learning_rate.assign(rate)
        norm = tf.linalg.global_norm(gradients)
        if self._clip_norm:
            gradients, _ = tf.clip_by_global_norm(gradients, self._clip_norm, use_norm=norm)
        # One step with NaN in it would leave nothing of the weights.
        finite = tf.math.is_finite(loss) & tf.math.is_finite(norm)
        variables = self.model.trainable_variables
        tf.cond(finite, lambda: self.optimizer.apply(gradients, variables), lambda: None)
        return norm

    def _predict_eagerly(self, tokens: Any, counted: Any, state: State) -> Any:
        logits, state = self.model(tokens[:, :-1], state, return_state=True)
        targets, _ = self.model.apart(tokens[:, 1:])
        for metric in self.metrics:
            metric.update_state(targets, logits, sample_weight=counted)
        nats = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
        return tf.reduce_sum(nats * counted), state


def _make_loss(
    model: LanguageModel, config: TrainingConfig, counts: NDArray[np.int64] | None
) -> tuple[Callable[..., Any], list[Any]]:
    """Return the loss, of outputs, last layer and targets, and the variables that it changes."""
    if not config.softmax_samples:
        return partial(mean_nats, smoothing=config.label_smoothing), []
    even = np.zeros(model.config.vocab_size, np.int64)
    among = SampledSoftmax(even if counts is None else counts, config.softmax_samples, config.seed)
    return among.mean_nats, [among.seeds.state]
