"""The settings that fit a training from a model to a text: a small measured table.

`scripts/bench_finetune.py` prints what they reach for texts and times of several lengths.
"""

from typing import Any

from textgen.config.training import TrainingConfig

LARGEST_BATCH = 16
STEPS_PER_EPOCH = 24  # at least; a short text is read in smaller batches
LEARNING_RATE = 3e-4
DROPOUT = 0.1
MOST_EPOCHS = 4  # more of them memorize a text of any length


def fitting_model(training: TrainingConfig, *, tokens: int) -> dict[str, Any]:
    """Return the settings that fit a text to a training from a model.

    Args:
        training: its window.
        tokens: of the training split.

    Returns:
        fields of `NetworkConfig` and `TrainingConfig`.
    """
    window = training.window_in(tokens)
    streams = tokens // (window * STEPS_PER_EPOCH)
    return {
        "window": window,
        "batch_size": max(1, min(LARGEST_BATCH, streams)),
        "optimizer": "adamw",
        "learning_rate": LEARNING_RATE,
        "dropout": DROPOUT,
        "max_epochs": MOST_EPOCHS,
    }
