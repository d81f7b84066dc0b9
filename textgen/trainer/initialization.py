"""Initializations of a training: random weights, the weights of a model, or a checkpoint."""

import dataclasses
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textgen.artifact.conditioning import with_labels
from textgen.artifact.model_folder import read_model
from textgen.artifact.run_settings import DECIDED_BY_MODEL, RunSettings, weights_of
from textgen.config.corpus import TOKENIZERS, CorpusConfig
from textgen.config.merge import override, split_by_config
from textgen.config.model import NetworkConfig
from textgen.config.size import fitting
from textgen.config.training import TrainingConfig
from textgen.corpus.texts import Texts
from textgen.errors import DataError, UsageError, by_setting
from textgen.progress import ProgressReporter
from textgen.tokenization.kinds import STRICT
from textgen.tokenization.store_cache import is_store, open_corpus
from textgen.tokenization.token_store import TokenStore
from textgen.tokenization.tokenizer import TOKENIZER, Tokenizer
from textgen.trainer.checkpoint import Checkpoint, present_versions

if TYPE_CHECKING:
    from textgen.trainer.trainer import Trainer

logger = logging.getLogger(__name__)

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

    def open(self, corpus: Given, progress: ProgressReporter) -> TokenStore:
        """Open the corpus with the settings, and fit the open ones to it.

        Raises:
            MissingInput, DataError, UsageError: as for `open_corpus`.
        """
        store = open_corpus(corpus, self.corpus, progress)
        tokens, vocab_size = store.counts("train").tokens, store.tokenizer.vocab_size
        fitted = fitting(self.training, tokens=tokens, vocab_size=vocab_size)
        self._configure(override(fitted, self._settings))
        return store

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
        super().__init__(settings)
        self._folder = folder
        self._model = read_model(folder)
        for name in (*DECIDED_BY_MODEL, "size"):
            if name in settings:
                raise UsageError(f"{name} goes with {folder}, where the training begins")
        _, network, _ = split_by_config(settings, CorpusConfig, NetworkConfig, TrainingConfig)
        self.network = self._adapt(network)
        self.init_from = weights_of(folder)

    def open(self, corpus: Given, progress: ProgressReporter) -> TokenStore:
        """Open the corpus in the tokens of the model.

        Raises:
            DataError: it is a token store with other tokens.
            MissingInput, DataError, UsageError: as for `open_corpus`.
        """
        tokenizer = self._model.tokenizer
        if is_store(corpus):
            store = open_corpus(corpus, self.corpus, progress)
            if not _same(store.tokenizer, tokenizer):
                raise DataError(f"{store.folder}: not in the tokens of {self._folder}")
            return store
        own = {
            "tokenizer": str(self._folder / TOKENIZER),
            "normalize": tokenizer.normal_form,
            "strict": tokenizer.kind == STRICT,
        }
        return open_corpus(corpus, self.corpus | own, progress)

    def initialize(self, trainer: "Trainer") -> None:
        """Load the weights into a new trainer."""
        model = self._model
        trainer.model.load_named_weights(
            with_labels(model.config, model.weights, trainer.config.labels)
        )

    def _adapt(self, network: Mapping[str, Any]) -> NetworkConfig:
        """Return the model's network with other settings that keep the shapes of its weights."""
        config = self._model.config
        changed = config.replace(**network)
        present = (config.tensors(), config.layer_activations)
        if (changed.tensors(), changed.layer_activations) != present:
            raise UsageError(
                f"{', '.join(network)} would make another network than that of {self._folder}, "
                f"where the training begins"
            )
        values = changed.to_dict()
        return NetworkConfig(**{name: values[name] for name in NetworkConfig.names()})


class FromCheckpoint(Initialization):
    """A training that continues from a checkpoint.

    Args:
        path: the checkpoint's folder.
        checkpoint: its content.
        settings: settings that were chosen again; they must agree with the checkpoint's.
        init_from: the model folder, if one was named again; it must be the checkpoint's.
        allow_changed_data: continue even if the corpus has changed.

    Raises:
        UsageError: a setting that differs.
        MissingInput, DataError: `init_from` is no model.
    """

    def __init__(
        self,
        path: Path,
        checkpoint: Checkpoint,
        settings: Mapping[str, Any],
        *,
        init_from: Path | None,
        allow_changed_data: bool,
    ) -> None:
        begun = RunSettings.on_record(
            checkpoint.config,
            checkpoint.corpus,
            checkpoint.training.to_dict(),
            checkpoint.init_from,
        )
        free = begun.require(settings, init_from)
        self.corpus = checkpoint.corpus["settings"]
        self.network, self.training = begun.network, begun.training.replace(**free)
        self.init_from = begun.init_from
        self._tokenizer_file = path / TOKENIZER
        self._checkpoint = checkpoint
        self._allow_changed_data = allow_changed_data
        self._data_changed = False
        _log_other_versions(checkpoint.versions)

    def open(self, corpus: Given, progress: ProgressReporter) -> TokenStore:
        """Open the corpus with the settings, or in the tokens, that the run began with.

        Raises:
            DataError: it has changed, and that is not allowed, or it has other tokens.
            MissingInput, DataError, UsageError: as for `open_corpus`.
        """
        store = self._open_as_it_was(corpus, progress)
        if store.identity == self._checkpoint.data:
            return store
        if not self._allow_changed_data:
            raise DataError(
                f"{store.manifest.corpus}: not the text that the training began with; give that, "
                + by_setting("or pass {} to go on with this one", "allow_changed_data", True)
            )
        if not _same(store.tokenizer, self._checkpoint.tokenizer):
            if is_store(corpus):
                raise DataError(f"{store.folder}: not in the tokens that the training began with")
            store = self._open_in_own_tokens(corpus, progress)
        self._data_changed = True
        logger.info("the corpus has changed; a new epoch begins")
        return store

    def initialize(self, trainer: "Trainer") -> None:
        """Load the state into a new trainer."""
        trainer.restore(self._checkpoint, data_changed=self._data_changed)

    def _open_as_it_was(self, corpus: Given, progress: ProgressReporter) -> TokenStore:
        """Open the corpus with its settings; if the tokenizer's file is gone, in the run's own."""
        tokenizer = self.corpus["tokenizer"]
        if is_store(corpus):
            return open_corpus(corpus, {}, progress)
        if tokenizer in TOKENIZERS or Path(tokenizer).is_file():
            return open_corpus(corpus, self.corpus, progress)
        return self._open_in_own_tokens(corpus, progress)

    def _open_in_own_tokens(self, corpus: Given, progress: ProgressReporter) -> TokenStore:
        """Open the corpus with the checkpoint's tokenizer; its settings stay on record."""
        own = {"tokenizer": str(self._tokenizer_file), "vocab_size": None}
        store = open_corpus(corpus, self.corpus | own, progress)
        store.manifest = dataclasses.replace(store.manifest, settings=self.corpus)
        return store


def _log_other_versions(begun: Mapping[str, str]) -> None:
    """Log each library whose version is not the one that a training began with."""
    for name, present in present_versions().items():
        if present != begun.get(name):
            logger.warning(
                "%s was %s and is %s; the result may differ", name, begun.get(name), present
            )


def _same(first: Tokenizer, second: Tokenizer) -> bool:
    """Return whether two tokenizers are equal."""
    return first.to_json() == second.to_json()
