"""The recurrent layer of each cell."""

from collections.abc import Iterator
from typing import Any

import keras

from textgen.config.model import ModelConfig
from textgen.model.lstm import FastLSTM

# Each is a Keras layer with a method `read`, as that of `FastLSTM`.
LAYERS: dict[str, type[Any]] = {"lstm": FastLSTM}


def recurrent_layer(config: ModelConfig, index: int, seeds: Iterator[int]) -> Any:
    """Return a new layer of the network.

    Args:
        config: of the network.
        index: of the layer, from 0 at the bottom.
        seeds: of initial weights and dropout, of which the layer takes three.
    """
    activation, recurrent_activation = config.layer_activations[index]
    return LAYERS[config.recurrent_cell.name](
        config.layer_units[index],
        activation=activation,
        recurrent_activation=recurrent_activation,
        recurrent_dropout=config.recurrent_dropout,
        weight_drop=config.weight_drop,
        return_sequences=True,
        return_state=True,
        kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
        recurrent_initializer=keras.initializers.Orthogonal(seed=next(seeds)),
        seed=next(seeds),
        name=config.layer_name(index),
    )
