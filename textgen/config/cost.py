"""The least memory that a training needs, computed from its settings."""

from textgen.config.cell import FLOAT
from textgen.config.model import ModelConfig
from textgen.config.training import TrainingConfig

# Numbers that an optimizer keeps for each weight; one more with momentum.
USUAL_SLOTS = 2
SLOTS = {"lion": 1, "rmsprop": 1, "adagrad": 1, "sgd": 0}


def least_training_bytes(config: ModelConfig, training: TrainingConfig) -> int:
    """Return the least number of bytes that a training needs, without the libraries.

    A step holds the weights, their gradient, the optimizer's slots, and what each layer keeps of a
    window for the backward pass. While a checkpoint is written, weights and slots are there three
    times: the live ones, the copy for the checkpoint, and the bytes of the file.

    Args:
        config: of the network.
        training: settings of the training.
    """
    kept = 1 + optimizer_slots(training)
    each = FLOAT * max(kept + 1, 3 * kept)
    return config.parameter_count() * each + _window_bytes(config, training)


def optimizer_slots(training: TrainingConfig) -> int:
    """Return how many numbers the optimizer keeps for each weight."""
    return SLOTS.get(training.optimizer, USUAL_SLOTS) + bool(training.momentum)


def _window_bytes(config: ModelConfig, training: TrainingConfig) -> int:
    """Return the bytes that the layers keep for the backward pass over a window."""
    product_bytes = FLOAT if training.product_format == "fp32" else FLOAT // 2
    cell, tokens = config.recurrent_cell, training.batch_size * training.window
    return tokens * sum(cell.window_bytes(units, product_bytes) for units in config.layer_units)
