"""The language model as a Keras model: embedding, recurrent layers, projection to logits."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from textgen.artifact.model_folder import read_model
from textgen.config.model import ModelConfig
from textgen.model.bias import Bias
from textgen.model.cross_entropy import LastLayer
from textgen.model.layers import recurrent_layer

State = list[tuple[Any, ...]]  # the states of each layer, bottom first
# Share of the streams whose label is hidden for a window, so that the model can do without one.
LABEL_DROPOUT = 0.1


@keras.saving.register_keras_serializable("textgen")
class LanguageModel(keras.Model):
    """Embedding, stacked recurrent layers, projection to the logits of the next token.

    `model(tokens)` gives logits, so `compile` and `fit` work as on any Keras model. To carry the
    state from one call to the next, pass it in and ask for it back:
    `logits, state = model(tokens, state, return_state=True)`.

    Dropout is "locked": one mask for all steps of a window, on the embeddings, on each layer's
    outputs and, if chosen, on the state (Gal and Ghahramani 2016). Token dropout and weight drop
    are locked as well (Merity et al. 2018, AWD-LSTM).

    Args:
        config: sizes of the layers.
        seed: of the initial weights and of dropout.
        matmul: format of matrix products while training, "fp32" or "bf16"; weights and all else
            are float32.
    """

    def __init__(
        self, config: ModelConfig, *, seed: int = 0, matmul: str = "fp32", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.config = config
        self.seed = seed
        self.matmul = matmul
        depth = len(config.layer_units)
        seeds = iter(np.random.SeedSequence(seed).generate_state(4 * depth + 6).tolist())
        normal = keras.initializers.RandomNormal(
            stddev=1 / config.embedding_scale, seed=next(seeds)
        )
        self.embedding = keras.layers.ReversibleEmbedding(
            config.vocab_size,
            config.embedding_size,
            embeddings_initializer=normal,
            name="embedding",
        )
        # Keras's own files hold the attribute's name.
        self.lstms = [recurrent_layer(config, index, seeds) for index in range(depth)]
        self.projection = None
        if "projection.kernel" in config.tensors():
            self.projection = _dense(config.embedding_size, next(seeds), "projection", bias=False)
        if config.tie_embeddings:
            self.logits = Bias(config.vocab_size, name="logits")
        else:
            self.logits = _dense(config.vocab_size, next(seeds), "logits")
        self.dropouts = [
            keras.layers.Dropout(
                share,
                noise_shape=(1, None, None),
                seed=next(seeds),
                autocast=False,  # Keras would make float32 of bfloat16
                name=f"dropout_{index}",
            )
            for index, share in enumerate(config.dropouts)
        ]
        self.token_dropout = keras.layers.Dropout(
            config.token_dropout, seed=next(seeds), name="token_dropout"
        )
        if config.labels:
            self.label_dropout = keras.layers.Dropout(
                LABEL_DROPOUT, noise_shape=(1, None, 1), seed=next(seeds), name="label_dropout"
            )
        self.build((None, None))

    @classmethod
    def from_pretrained(cls, folder: str | Path, *, seed: int = 0) -> "LanguageModel":
        """Return the Keras model of a model folder; errors are those of `read_model`.

        Args:
            folder: the model folder.
            seed: of dropout, for further training.
        """
        read = read_model(Path(folder))
        model = cls(read.config, seed=seed)
        model.load_named_weights(read.weights)
        return model

    def build(self, input_shape: Any) -> None:
        """Make the weights; their shapes depend on the configuration alone."""
        width = self.config.embedding_size + len(self.config.labels)
        self.embedding.build(input_shape)
        for layer in self.lstms:
            layer.build((None, None, width))
            width = layer.units
        if self.projection is not None:
            self.projection.build((None, None, width))
        self.logits.build((None, None, width))
        self.built = True

    def named_parameters(self) -> dict[str, Any]:
        """Return the trained variables under the names of `ModelConfig.tensors()`."""
        layers = [self.embedding, *self.lstms, self.projection, self.logits]
        there = [layer for layer in layers if layer is not None]
        return {f"{layer.name}.{v.name}": v for layer in there for v in layer.trainable_variables}

    def named_weights(self) -> dict[str, NDArray[np.float32]]:
        """Return copies of the parameters under the names of `ModelConfig.tensors()`."""
        variables = self.named_parameters().items()
        return {name: ops.convert_to_numpy(variable).copy() for name, variable in variables}

    def load_named_weights(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Assign parameters by name.

        Args:
            weights: arrays with the names and shapes of `ModelConfig.tensors()`.
        """
        for name, variable in self.named_parameters().items():
            variable.assign(weights[name])

    def call(
        self,
        tokens: Any,
        state: State | None = None,
        *,
        return_state: bool = False,
        training: bool = False,
    ) -> Any:
        """Predict the token after each token.

        Args:
            tokens: ids, of shape (batch, time); with labels, as `TokenStore.inputs` has them.
            state: the state that an earlier call returned; zeros by default.
            return_state: whether to return the state, too.
            training: whether dropout applies.

        Returns:
            logits of shape (batch, time, vocabulary); with `return_state`, a pair of them and
            the list of each layer's states, each of shape (batch, units).
        """
        state = self.initial_state(ops.shape(tokens)[0]) if state is None else state
        outputs, state = self.read(tokens, state, training=training)
        logits = self.project(outputs)
        return (logits, state) if return_state else logits

    def read(self, tokens: Any, state: State, *, training: bool = False) -> tuple[Any, State]:
        """Return the last layer's outputs, of shape (batch, time, units), and the next state."""
        embedded, labels = self._embed(tokens, training=training)
        by_time = ops.transpose(embedded, (1, 0, 2))
        labels = None if labels is None else ops.transpose(labels, (1, 0, 2))
        outputs, state = self._read_by_time(by_time, labels, state, training=training)
        return ops.transpose(outputs, (1, 0, 2)), state

    def project(self, outputs: Any) -> Any:
        """Return the logits that follow from the last layer's outputs."""
        if self.projection is not None:
            outputs = self.projection(outputs)
        if self.config.tie_embeddings:
            outputs = self.embedding(outputs, reverse=True)
        return self.logits(outputs)

    def outputs_in_training(self, tokens: Any, state: State) -> tuple[Any, State]:
        """Return the inputs of the logits layer, with dropout, and the next state.

        Args:
            tokens: ids, of shape (time, batch).
            state: the state that an earlier call returned.

        Returns:
            outputs of shape (time * batch, width), in the format of matrix products.
        """
        embedded, labels = self._embed(tokens, training=True)
        outputs, state = self._read_by_time(embedded, labels, state, training=True)
        if self.projection is not None:
            outputs = ops.matmul(outputs, ops.cast(self.projection.kernel, outputs.dtype))
        return ops.reshape(outputs, (-1, outputs.shape[-1])), state

    def apart(self, tokens: Any) -> tuple[Any, Any]:
        """Return the ids and the label numbers that were added to them, or None without labels."""
        if not self.config.labels:
            return tokens, None
        return tokens % self.config.vocab_size, tokens // self.config.vocab_size

    def last_layer(self) -> LastLayer:
        """Return the parameters of the layer that makes the logits."""
        if self.config.tie_embeddings:
            return LastLayer(self.embedding.embeddings, self.logits.bias, is_tied=True)
        return LastLayer(self.logits.kernel, self.logits.bias, is_tied=False)

    def _embed(self, tokens: Any, *, training: bool) -> tuple[Any, Any]:
        """Return the embeddings of tokens, some dropped while training, and one-hot labels."""
        tokens, labels = self.apart(tokens)
        embedded = self.embedding(tokens) * self.config.embedding_scale
        if training and self.config.token_dropout:
            mask = self.token_dropout(ops.ones((self.config.vocab_size, 1)), training=True)
            embedded = embedded * ops.take(mask, tokens, axis=0)
        if labels is None:
            return embedded, None
        return embedded, ops.one_hot(labels, len(self.config.labels) + 1)[..., 1:]

    def _read_by_time(
        self, embedded: Any, labels: Any, state: State, *, training: bool
    ) -> tuple[Any, State]:
        """Run the layers over the result of `_embed`, with time as the first axis."""
        outputs = self.dropouts[0](embedded, training=training)
        if labels is not None:
            labels = self.label_dropout(labels, training=training)
            outputs = ops.concatenate([outputs, labels], axis=-1)
        if training and self.matmul == "bf16":
            outputs = ops.cast(outputs, "bfloat16")
        after: State = []
        for layer, before, dropout in zip(self.lstms, state, self.dropouts[1:], strict=True):
            outputs, last = layer.read(outputs, before, training=training)
            outputs = dropout(outputs, training=training)
            after.append(last)
        return outputs, after

    def initial_state(self, batch_size: Any) -> State:
        """Return the zero state of a number of streams."""
        return [
            tuple(ops.zeros((batch_size, units)) for _ in self.config.recurrent_cell.states)
            for units in self.config.layer_units
        ]

    def start_from_counts(self, counts: NDArray[np.int64]) -> None:
        """Set the output bias so that the untrained model predicts each token's share of a text.

        Without it, the first hundreds of steps learn which tokens are rare: on tiny-shakespeare
        that costs 0.25 nats after 175 steps.

        Args:
            counts: occurrences of each token, of shape (vocabulary,); one is added to each.
        """
        shares = (counts + 1) / (counts + 1).sum()
        self.logits.bias.assign(np.log(shares).astype(np.float32))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of `from_config`, for Keras's cloning and saving."""
        own = {"config": self.config.to_dict(), "seed": self.seed, "matmul": self.matmul}
        return {**super().get_config(), **own}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "LanguageModel":
        """Make a model from the result of `get_config`."""
        return cls(**config | {"config": ModelConfig.from_dict(config["config"])})


def _dense(units: int, seed: int, name: str, *, bias: bool = True) -> keras.layers.Dense:
    """Make a linear layer."""
    kernel = keras.initializers.GlorotUniform(seed=seed)
    return keras.layers.Dense(units, use_bias=bias, kernel_initializer=kernel, name=name)
