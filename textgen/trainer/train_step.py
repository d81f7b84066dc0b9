"""The train step: all that TensorFlow and Keras compute while a model trains.

One optimizer step and one validation window, each compiled by TensorFlow; optimizers and metrics
by the names that settings have for them.
"""

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

# From this many parameters on, memory bandwidth limits an update. Compiling the update with XLA
# takes half a second and then pays.
COMPILED_UPDATE = 1_000_000

# The second moment has a memory of hundreds of steps, which suits runs of minutes.
ADAM = {"beta_2": 0.99}
OPTIMIZERS = {
    "adamw": partial(keras.optimizers.AdamW, **ADAM),
    "adam": partial(keras.optimizers.Adam, **ADAM),
    "nadam": partial(keras.optimizers.Nadam, **ADAM),
    "adamax": partial(keras.optimizers.Adamax, **ADAM),
    "lamb": partial(keras.optimizers.Lamb, **ADAM),
    "lion": keras.optimizers.Lion,
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": keras.optimizers.SGD,
    "adagrad": keras.optimizers.Adagrad,
    "adadelta": keras.optimizers.Adadelta,
}

# By the names in `config.training.METRICS`.
METRICS = {
    "accuracy": lambda: keras.metrics.SparseCategoricalAccuracy("accuracy"),
    "top_5_accuracy": lambda: keras.metrics.SparseTopKCategoricalAccuracy(5, "top_5_accuracy"),
    "top_10_accuracy": lambda: keras.metrics.SparseTopKCategoricalAccuracy(10, "top_10_accuracy"),
}


class TrainStep:
    """A language model with its optimizer. Everything that training changes is explicit here.

    Args:
        model: the model to train.
        config: its optimization.
        counts: occurrences of each token type, for a sampled softmax; all equal by default.
    """

    def __init__(
        self,
        model: LanguageModel,
        config: TrainingConfig,
        counts: NDArray[np.int64] | None = None,
    ) -> None:
        self.model = model
        self.optimizer = make_optimizer(config, model.trainable_variables)
        self.metrics = make_metrics(config.metrics)
        self._clip_norm = config.clip_norm
        self._loss, self._seeds = _make_loss(model, config, counts)
        is_large = model.config.parameter_count() >= COMPILED_UPDATE
        self._train = tf.function(self._train_eagerly, autograph=False)
        self._update = tf.function(self._update_eagerly, autograph=False, jit_compile=is_large)
        self._predict = tf.function(self._predict_eagerly, autograph=False, reduce_retracing=True)

    def train(
        self, tokens: NDArray[np.int32], fresh: NDArray[np.bool_], state: State, rate: float
    ) -> tuple[float, float, State]:
        """Take one optimizer step with a clipped gradient (Pascanu et al. 2013).

        The weights stay as they are if the loss or the gradient is not finite.

        Args:
            tokens: shape (batch, window + 1).
            fresh: marks the streams that begin with the zero state; shape (batch,).
            state: the model's state before the window.
            rate: learning rate.

        Returns:
            mean loss in nats per token (of smoothed targets if the settings say so), global norm
            of the gradient before clipping, and the state after the window.
        """
        carried = tf.constant(~fresh[:, None], tf.float32)
        rate = tf.constant(rate, tf.float32)
        state = tf.nest.map_structure(tf.convert_to_tensor, state)
        loss, norm, state = self._train(tf.constant(tokens.T), carried, state, rate)
        return float(loss), float(norm), state

    def predict(
        self, tokens: NDArray[np.int32], counted: NDArray[np.float32], state: State
    ) -> tuple[float, State]:
        """Return the nats of the counted tokens, summed, and the state; update the metrics.

        Args:
            tokens: shape (streams, window + 1).
            counted: 1 where a predicted token counts, else 0; shape (streams, window).
            state: the model's state before the window.
        """
        nats, state = self._predict(tf.constant(tokens), tf.constant(counted), state)
        return float(nats), state

    def variables(self) -> list[Any]:
        """Return all that a step changes: weights, optimizer state, random seeds."""
        return [*self.model.variables, *self.optimizer.variables, *self._seeds]

    def arrays(self) -> list[NDArray[Any]]:
        """Return copies of the variables' values."""
        return [keras.ops.convert_to_numpy(variable).copy() for variable in self.variables()]

    def restore(self, arrays: list[NDArray[Any]]) -> None:
        """Set the variables to values that `arrays` returned.

        Raises:
            ValueError: the arrays belong to other variables.
        """
        for variable, array in zip(self.variables(), arrays, strict=True):
            variable.assign(array)

    def _train_eagerly(self, tokens: Any, carried: Any, state: State, rate: Any) -> Any:
        """Return the loss of a window, the gradient's norm, and the state; update the weights."""
        state = [tuple(part * carried for part in states) for states in state]
        with tf.GradientTape() as tape:
            outputs, state = self.model.outputs_in_training(tokens[:-1], state)
            targets, _ = self.model.apart(tokens[1:])
            loss = self._loss(outputs, self.model.last_layer(), tf.reshape(targets, [-1]))
        gradients = tape.gradient(loss, self.model.trainable_variables)
        norm = self._update([tf.convert_to_tensor(g) for g in gradients], loss, rate)
        return loss, norm, state

    def _update_eagerly(self, gradients: list[Any], loss: Any, rate: Any) -> Any:
        """Apply clipped gradients if they and the loss are finite; return their norm."""
        self.optimizer.learning_rate.assign(rate)
        norm = tf.linalg.global_norm(gradients)
        if self._clip_norm:
            gradients, _ = tf.clip_by_global_norm(gradients, self._clip_norm, use_norm=norm)
        # One step with NaN in it would destroy all weights.
        is_finite = tf.math.is_finite(loss) & tf.math.is_finite(norm)
        apply = partial(self.optimizer.apply, gradients, self.model.trainable_variables)
        tf.cond(is_finite, apply, lambda: None)
        return norm

    def _predict_eagerly(self, tokens: Any, counted: Any, state: State) -> Any:
        logits, state = self.model(tokens[:, :-1], state, return_state=True)
        targets, _ = self.model.apart(tokens[:, 1:])
        for metric in self.metrics:
            metric.update_state(targets, logits, sample_weight=counted)
        nats = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
        return tf.reduce_sum(nats * counted), state


def make_optimizer(config: TrainingConfig, variables: list[Any]) -> keras.optimizers.Optimizer:
    """Return the optimizer of a run, built for its variables.

    Args:
        config: name, learning rate, momentum and weight decay.
        variables: the variables to train; biases do not decay.
    """
    momentum = {"momentum": config.momentum} if config.momentum else {}
    optimizer = OPTIMIZERS[config.optimizer](
        learning_rate=config.peak_rate, weight_decay=config.decay, **momentum
    )
    if config.decay:
        optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.build(variables)
    return optimizer


def make_metrics(names: tuple[str, ...]) -> list[keras.metrics.Metric]:
    """Return the metrics of these names."""
    return [METRICS[name]() for name in names]


def _make_loss(
    model: LanguageModel, config: TrainingConfig, counts: NDArray[np.int64] | None
) -> tuple[Callable[..., Any], list[Any]]:
    """Return the loss, a function of outputs, last layer and targets, and its variables."""
    if not config.softmax_samples:
        return partial(mean_nats, smoothing=config.label_smoothing), []
    even = np.zeros(model.config.vocab_size, np.int64)
    sampled = SampledSoftmax(
        even if counts is None else counts, config.softmax_samples, config.seed
    )
    return sampled.mean_nats, [sampled.seeds.state]
