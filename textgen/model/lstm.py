"""The LSTM layer: Keras's own, with a faster inner loop on TensorFlow's CPU."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from textgen.model.lstm_op import lstm


@keras.saving.register_keras_serializable("textgen")
class FastLSTM(keras.layers.LSTM):
    """`keras.layers.LSTM` with the same weights and results, and faster to train on a CPU.

    It overrides the hook that Keras offers for an optimized loop. Keras's own loop runs where the
    fused loop does not apply: other activations, masks, dropout in training, a GPU, another
    backend.

    Args:
        weight_drop: share of the recurrent weights that are zero for a whole call in training
            (DropConnect, as in Merity et al. 2018, "Regularizing and Optimizing LSTM Language
            Models", section 2). It does not apply where Keras's own loop runs.
        options: those of `keras.layers.LSTM`.
    """

    def __init__(self, units: int, *, weight_drop: float = 0.0, **options: Any) -> None:
        super().__init__(units, **options)
        self.weight_drop = weight_drop
        self._dropped = keras.layers.Dropout(weight_drop, seed=options.get("seed"))
        # Outside a graph TensorFlow would record every operation of the loop.
        self._run_eagerly = tf.function(lstm, autograph=False, reduce_retracing=True)

    def read(
        self, sequences: Any, state: tuple[Any, Any], *, training: bool = False
    ) -> tuple[Any, tuple[Any, Any]]:
        """Run over sequences whose first axis is time, which saves transposing them.

        Args:
            sequences: shape (time, batch, features), of float32 or bfloat16, the format of the
                matrix products. Keras's own loop computes in float32 only.
            state: hidden and cell state, each of shape (batch, units).
            training: whether dropout applies.

        Returns:
            all outputs, of shape (time, batch, units), and the state after them.
        """
        if self._is_plain(training):
            outputs, hidden, cell = self._run(sequences, state, training)
            return outputs, (hidden, cell)
        turned = ops.cast(ops.transpose(sequences, (1, 0, 2)), "float32")
        outputs, hidden, cell = self(turned, initial_state=list(state), training=training)
        outputs = ops.cast(ops.transpose(outputs, (1, 0, 2)), sequences.dtype)
        return outputs, (hidden, cell)

    def inner_loop(
        self, sequences: Any, initial_state: list[Any], mask: Any, training: bool = False
    ) -> tuple[Any, Any, list[Any]]:
        """Run the cell over a sequence: the hook that Keras calls.

        Args:
            sequences: shape (batch, time, features).
            initial_state: hidden and cell state, each of shape (batch, units).
            mask: shape (batch, time), or None.
            training: whether dropout applies.

        Returns:
            the last output, all outputs of shape (batch, time, units), and the last state.
        """
        if mask is not None or not self._is_plain(training):
            outcome: tuple[Any, Any, list[Any]] = super().inner_loop(
                sequences, initial_state, mask, training
            )
            return outcome
        by_time = ops.transpose(sequences, (1, 0, 2))
        outputs, hidden, cell = self._run(by_time, tuple(initial_state), training)
        return hidden, ops.transpose(outputs, (1, 0, 2)), [hidden, cell]

    def _run(self, sequences: Any, state: tuple[Any, Any], training: bool) -> tuple[Any, Any, Any]:
        """Run the fused loop, and set the shapes, which a compiled function loses."""
        recurrent = self._dropped(self.cell.recurrent_kernel, training=training)
        weights = map(tf.convert_to_tensor, (self.cell.kernel, recurrent, self.cell.bias))
        run = self._run_eagerly if tf.executing_eagerly() else lstm
        outputs, hidden, cell = run(sequences, *state, *weights)
        outputs.set_shape((*sequences.shape[:2], self.units))
        for after, before in zip((hidden, cell), state, strict=True):
            after.set_shape(before.shape)
        return outputs, hidden, cell

    def _is_plain(self, training: bool) -> bool:
        """Tell whether the fused loop supports this layer's settings."""
        return bool(
            keras.backend.backend() == "tensorflow"
            and (self.weight_drop or not tf.config.list_physical_devices("GPU"))
            and self.activation is keras.activations.tanh
            and self.recurrent_activation is keras.activations.sigmoid
            and self.use_bias
            and self.compute_dtype == "float32"
            and not self.go_backwards
            and not (training and (self.dropout or self.recurrent_dropout))
        )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of `from_config`, for Keras's cloning and saving."""
        return {**super().get_config(), "weight_drop": self.weight_drop}
