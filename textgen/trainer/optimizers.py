"""The optimizers that a training run can be asked for, made from their names."""

from functools import partial
from typing import Any

import keras

from textgen.config.training import TrainingConfig

# The second moment forgets within hundreds of steps, as runs of minutes need.
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


def make_optimizer(config: TrainingConfig, variables: list[Any]) -> keras.optimizers.Optimizer:
    """Make the optimizer of a training run, with its own variables.

    Args:
        config: names it, and its learning rate, momentum and weight decay.
        variables: what it is to train; the weights of biases do not decay.
    """
    momentum = {"momentum": config.momentum} if config.momentum else {}
    optimizer = OPTIMIZERS[config.optimizer](
        learning_rate=config.peak_rate, weight_decay=config.decay, **momentum
    )
    if config.decay:
        optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.build(variables)
    return optimizer
