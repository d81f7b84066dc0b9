"""A model's parameters by name: as variables, out of the model, and into it."""

from typing import TYPE_CHECKING, Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

if TYPE_CHECKING:
    from textgen.model.network import LanguageModel


def parameters(model: "LanguageModel") -> dict[str, Any]:
    """Return the model's trained variables under the names of `ModelConfig.tensors()`."""
    layers = [model.embedding, *model.lstms, model.projection, model.logits]
    there = [layer for layer in layers if layer is not None]
    return {f"{layer.name}.{v.name}": v for layer in there for v in layer.trainable_variables}


def get_weights(model: "LanguageModel") -> dict[str, NDArray[np.float32]]:
    """Return copies of the model's parameters under the names of `ModelConfig.tensors()`."""
    variables = parameters(model).items()
    return {name: ops.convert_to_numpy(variable).copy() for name, variable in variables}


def set_weights(model: "LanguageModel", weights: dict[str, NDArray[np.float32]]) -> None:
    """Put parameters of these names and shapes into the model."""
    for name, variable in parameters(model).items():
        variable.assign(weights[name])
