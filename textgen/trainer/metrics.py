"""Further figures of the validation, by Keras's metrics."""

import keras

# By the names of `config.training.METRICS`.
METRICS = {
    "accuracy": lambda: keras.metrics.SparseCategoricalAccuracy("accuracy"),
    "top_5_accuracy": lambda: keras.metrics.SparseTopKCategoricalAccuracy(5, "top_5_accuracy"),
    "top_10_accuracy": lambda: keras.metrics.SparseTopKCategoricalAccuracy(10, "top_10_accuracy"),
}


def make_metrics(names: tuple[str, ...]) -> list[keras.metrics.Metric]:
    """Make the metrics of these names."""
    return [METRICS[name]() for name in names]
