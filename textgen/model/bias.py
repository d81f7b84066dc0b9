"""The bias of the logits, for a model whose output matrix is that of the embedding."""

from typing import Any

import keras


@keras.saving.register_keras_serializable("textgen")
class Bias(keras.layers.Layer):
    """Adds one trained number to each of the last axis's units; zeros at first.

    Args:
        units: length of the last axis.
    """

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape: Any) -> None:
        """Create the variable."""
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")

    def call(self, inputs: Any) -> Any:
        """Return `inputs`, of shape (..., units), with the bias added."""
        return inputs + self.bias

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of `from_config`."""
        return {**super().get_config(), "units": self.units}
