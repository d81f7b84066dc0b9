"""Ways to train the same LSTM network, for `bench_train.py`: ours, and those it is compared with.

Each is written as its library's documentation would have it, in the form that is its fastest here.
All have the same network, optimizer and clipping, and carry the state from window to window;
nn.LSTM alone has two biases for each gate. A step takes tokens of shape (streams, window + 1) and
ends when its result is there.
"""

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.frameworks import load_tensorflow, load_torch
from textgen.config.model import ModelConfig
from textgen.config.training import TrainingConfig

Tokens = NDArray[np.int32]

TRAINING = TrainingConfig()
BETA_2 = 0.99  # as in textgen.trainer.train_step
RATE = 1e-3


class Trainer(Protocol):
    """A network and its optimizer."""

    def step(self, tokens: Tokens) -> float:
        """Train on a window of each stream; return the mean loss in nats."""


class OurTrainer:
    """The step that `textgen train` takes."""

    def __init__(self, config: ModelConfig, streams: int, *, matmul: str) -> None:
        from textgen.model.network import LanguageModel
        from textgen.trainer.train_step import TrainStep

        model = LanguageModel(config, matmul=matmul)
        self._step = TrainStep(model, TRAINING)
        self._fresh = np.zeros(streams, bool)
        self._state = model.initial_state(streams)

    def step(self, tokens: Tokens) -> float:
        """Train on a window of each stream; return the mean loss in nats."""
        loss, _, self._state = self._step.train(tokens, self._fresh, self._state, RATE)
        return loss


class TorchTrainer:
    """PyTorch's modules: time is the first axis, and the optimizer a single kernel."""

    def __init__(self, config: ModelConfig, streams: int, *, precision: str) -> None:
        self._torch = torch = importlib.import_module("torch")
        units = config.layer_units
        self._embedding = torch.nn.Embedding(config.vocab_size, config.embedding_size)
        self._lstm = torch.nn.LSTM(config.embedding_size, units[0], len(units))
        self._linear = torch.nn.Linear(units[0], config.vocab_size)
        layers = torch.nn.ModuleList([self._embedding, self._lstm, self._linear])
        self._parameters = list(layers.parameters())
        self._optimizer = torch.optim.AdamW(
            self._parameters,
            lr=RATE,
            betas=(0.9, BETA_2),
            weight_decay=TRAINING.decay,
            fused=True,
        )
        self._is_bf16 = precision == "bf16"
        self._state = [torch.zeros(len(units), streams, units[0]) for _ in range(2)]

    def step(self, tokens: Tokens) -> float:
        """Train on a window of each stream; return the mean loss in nats."""
        self._optimizer.zero_grad(set_to_none=True)
        loss = self._loss(self._torch.from_numpy(tokens.T.astype(np.int64)))
        loss.backward()
        self._torch.nn.utils.clip_grad_norm_(self._parameters, TRAINING.clip_norm)
        self._optimizer.step()
        return float(loss.detach())

    def _loss(self, tokens: Any) -> Any:
        """Run the network over tokens of shape (window + 1, streams); keep the state."""
        torch = self._torch
        with torch.autocast("cpu", torch.bfloat16, enabled=self._is_bf16):
            outputs, state = self._lstm(self._embedding(tokens[:-1]), self._state)
            logits = self._linear(outputs)
        self._state = [part.detach() for part in state]
        rows = logits.flatten(0, 1).float()
        return torch.nn.functional.cross_entropy(rows, tokens[1:].flatten())


class KerasTrainer:
    """Keras's layers, which hold the state themselves, in a plain TensorFlow function.

    Not compiled by XLA, which makes Keras's loop slower on a CPU.
    """

    def __init__(self, config: ModelConfig, streams: int) -> None:
        import keras
        import tensorflow as tf

        layers, units = keras.layers, config.layer_units
        self._model = keras.Sequential(
            [
                keras.Input(batch_shape=(streams, None)),
                layers.Embedding(config.vocab_size, config.embedding_size),
                *[layers.LSTM(n, return_sequences=True, stateful=True) for n in units],
                layers.Dense(config.vocab_size),
            ]
        )
        self._optimizer = keras.optimizers.AdamW(
            RATE,
            beta_2=BETA_2,
            weight_decay=TRAINING.decay,
            global_clipnorm=TRAINING.clip_norm,
        )
        self._loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self._train = tf.function(self._train_eagerly)

    def step(self, tokens: Tokens) -> float:
        """Train on a window of each stream; return the mean loss in nats."""
        return float(self._train(tokens[:, :-1], tokens[:, 1:]))

    def _train_eagerly(self, tokens: Any, targets: Any) -> Any:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            loss = self._loss(targets, self._model(tokens, training=True))
        variables = self._model.trainable_variables
        self._optimizer.apply(tape.gradient(loss, variables), variables)
        return loss


class Contender(NamedTuple):
    """A library, the function that loads it, and the one that then makes a trainer."""

    library: str
    load: Callable[[int], Any]
    trainer: Callable[[ModelConfig, int], Trainer]


CONTENDERS = {
    "ours fp32": Contender("tensorflow", load_tensorflow, partial(OurTrainer, matmul="fp32")),
    "ours bf16": Contender("tensorflow", load_tensorflow, partial(OurTrainer, matmul="bf16")),
    "torch.nn.LSTM": Contender("torch", load_torch, partial(TorchTrainer, precision="fp32")),
    "torch bf16": Contender("torch", load_torch, partial(TorchTrainer, precision="bf16")),
    "keras.layers.LSTM": Contender("keras", load_tensorflow, KerasTrainer),
}
