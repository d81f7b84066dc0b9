"""Keras callbacks that hear more than Keras's own."""

import keras


class TrainingCallback(keras.callbacks.Callback):
    """A Keras callback that is also told of samples and checkpoints."""

    def on_sample(self, step: int, text: str) -> None:
        """See a text that the model wrote after a step."""

    def on_checkpoint(self, step: int) -> None:
        """Hear that the run can be taken up again after a step."""
