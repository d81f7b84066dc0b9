"""Initializations of a training: random weights, or the weights of a model."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textgen.artifact.conditioning import with_labels
from textgen.artifact.model_folder import read_model
from textgen.artifact.run_settings import DECIDED_BY_MODEL, weights_of
from textgen.config.corpus import CorpusConfig
from textgen.config.finetuning import fitting_model
from textgen.config.merge import override, split_by_config
from textgen.config.model import NetworkConfig
from textgen.config.size import fitting
from textgen.config.start import SCRATCH
from textgen.config.training import TrainingConfig
from textgen.corpus.texts import Texts
from textgen.errors import DataError, UsageError, by_setting
from textgen.progress import ProgressReporter
from textgen.tokenization.kinds import STRICT
from textgen.tokenization.store_cache import is_store, open_corpus
from textgen.tokenization.token_store import TokenStore
from textgen.tokenization.tokenizer import TOKENIZER

if TYPE_CHECKING:
    from textgen.trainer.trainer import Trainer

Given = str | Texts | TokenStore  # as a corpus


class Initialization:
    """A training that begins with random weights.

    Args:
        settings: fields of `CorpusConfig`, `NetworkConfig` and `TrainingConfig` that were chosen.

    Raises:
        UsageError: an unknown setting, or an impossible value.
    """

    init_from: dict[str, str] | None = None

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self._configure(settings)

    def open(
        self, corpus: Given, progress: ProgressReporter
    ) -> tuple["Initialization", TokenStore]:
        """Open the corpus with the settings, and fit the open ones to it.

        Returns:
            the initialization to train with, and the token store.

        Raises:
            MissingInput, DataError, UsageError: as for `open_corpus`.
        """
        return self.take(open_corpus(corpus, self.corpus, progress))

    def take(self, store: TokenStore) -> tuple["Initialization", TokenStore]:
        """Fit the open settings to the token store of the corpus; see `open`."""
        self._configure(override(self._fitted(store), self._settings))
        return self, store

    def _fitted(self, store: TokenStore) -> dict[str, Any]:
        """Return the settings that fit a token store."""
        tokens, vocab_size = store.counts("train").tokens, store.tokenizer.vocab_size
        return fitting(self.training, tokens=tokens, vocab_size=vocab_size)

    def _configure(self, settings: Mapping[str, Any]) -> None:
        """Make the configurations of some settings."""
        self.corpus, network, training = split_by_config(
            settings, CorpusConfig, NetworkConfig, TrainingConfig
        )
        self.network, self.training = NetworkConfig(**network), TrainingConfig(**training)

    def initialize(self, trainer: "Trainer") -> None:
        """Load the initial weights or state into a new trainer, if there are any."""


class FromModel(Initialization):
    """A training that begins with the weights and the tokenizer of a model folder.

    Args:
        folder: the model folder.
        settings: as for `Initialization`.

    Raises:
        UsageError: as for `Initialization`, or a setting that the weights do not allow.
        MissingInput, DataError, UnsafeModel: as for `read_model`.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        for name in (*DECIDED_BY_MODEL, "size"):
            if name in settings:
                scratch = by_setting("begin with {}", "start", SCRATCH)
                raise UsageError(
                    f"{name} goes with {folder.name}, where the training begins; leave it out, or "
                    f"{scratch}"
                )
        self._folder = folder
        self.model = read_model(folder)
        self.init_from = weights_of(folder)
        super().__init__(settings)

    def open(self, corpus: Given, progress: ProgressReporter) -> tuple[Initialization, TokenStore]:
        """Open the corpus in the tokens of the model.

        Raises:
            DataError: it is a token store with other tokens.
            MissingInput, DataError, UsageError: as for `open_corpus`.
        """
        own = {} if is_store(corpus) else self.reading
        return self.take(open_corpus(corpus, self.corpus | own, progress))

    @property
    def reading(self) -> dict[str, Any]:
        """The settings of `CorpusConfig` that give the tokens of the model."""
        tokenizer = self.model.tokenizer
        return {
            "tokenizer": str(self._folder / TOKENIZER),
            "normalize": tokenizer.normal_form,
            "strict": tokenizer.kind == STRICT,
        }

    def has_tokens_of(self, store: TokenStore) -> bool:
        """Return whether a token store is in the tokens of the model."""
        return store.tokenizer.to_json() == self.model.tokenizer.to_json()

    def take(self, store: TokenStore) -> tuple[Initialization, TokenStore]:
        """Fit the open settings to a token store, which must be in the tokens of the model."""
        if not self.has_tokens_of(store):
            raise DataError(f"{store.folder}: not in the tokens of {self._folder}")
        return super().take(store)

    def _fitted(self, store: TokenStore) -> dict[str, Any]:
        """Return the settings that fit a token store."""
        fitted = fitting_model(self.training, tokens=store.counts("train").tokens)
        return fitted | {"storage": self.model.storage}

    def _configure(self, settings: Mapping[str, Any]) -> None:
        """Make the configurations of some settings, with the network of the model."""
        super()._configure(settings)
        _, network, _ = split_by_config(settings, CorpusConfig, NetworkConfig, TrainingConfig)
        self.network = self._adapt(network)

    def initialize(self, trainer: "Trainer") -> None:
        """Load the weights into a new trainer."""
        model = self.model
        trainer.model.load_named_weights(
            with_labels(model.config, model.weights, trainer.config.labels)
        )

    def _adapt(self, network: Mapping[str, Any]) -> NetworkConfig:
        """Return the model's network with other settings that keep the shapes of its weights."""
        config = self.model.config
        changed = config.replace(**network)
        present = (config.tensors(), config.layer_activations)
        if (changed.tensors(), changed.layer_activations) != present:
            raise UsageError(
                f"{', '.join(network)} would make another network than that of "
                f"{self._folder.name}, where the training begins"
            )
        values = changed.to_dict()
        return NetworkConfig(**{name: values[name] for name in NetworkConfig.names()})
