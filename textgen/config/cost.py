"""What a training takes of memory at least, from its settings alone."""

from textgen.config.model import ModelConfig
from textgen.config.training import TrainingConfig

NUMBER = 4  # bytes of a weight, and of what belongs to it
# Numbers that an optimizer keeps of each weight; one more with momentum.
USUAL_SLOTS = 2
SLOTS = {"lion": 1, "rmsprop": 1, "adagrad": 1, "sgd": 0}


def least_training_bytes(config: ModelConfig, training: TrainingConfig) -> int:
    """Return the bytes that a training takes at least, libraries left out.

    While a step is taken there are weights, their gradient and the optimizer's slots, and the
    gates, outputs and cell states of each layer over a window, which the way back needs. While a
    checkpoint is written there are weights and slots three times: as they are, as they were at that
    moment, and as the bytes of the file.

    Args:
        config: of the network.
        training: how it is trained.
    """
    kept = 1 + optimizer_slots(training)
    each = NUMBER * max(kept + 1, 3 * kept)
    return config.parameter_count() * each + _window_bytes(config, training)


def optimizer_slots(training: TrainingConfig) -> int:
    """Return how many numbers the optimizer keeps of each weight."""
    return SLOTS.get(training.optimizer, USUAL_SLOTS) + bool(training.momentum)


def _window_bytes(config: ModelConfig, training: TrainingConfig) -> int:
    """Return the bytes that are kept of a window: of a unit 4 gates, its output, its cell state."""
    size = NUMBER if training.product_format == "fp32" else NUMBER // 2
    tokens = training.batch_size * training.window
    return tokens * sum(config.layer_units) * (5 * size + NUMBER)
