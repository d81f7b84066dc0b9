"""The resumption of a training from its checkpoint."""

import dataclasses
import logging
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textgen.artifact.run_settings import RunSettings
from textgen.config.corpus import TOKENIZERS
from textgen.errors import DataError, by_setting
from textgen.progress import ProgressReporter
from textgen.tokenization.store_cache import is_store, open_corpus
from textgen.tokenization.token_store import TokenStore
from textgen.tokenization.tokenizer import TOKENIZER, Tokenizer
from textgen.trainer.checkpoint import Checkpoint, present_versions
from textgen.trainer.initialization import Given, Initialization

if TYPE_CHECKING:
    from textgen.trainer.trainer import Trainer

logger = logging.getLogger(__name__)


class FromCheckpoint(Initialization):
    """A training that continues from a checkpoint.

    Args:
        path: the checkpoint's folder.
        checkpoint: its content.
        settings: settings that were chosen again; they must agree with the checkpoint's.
        start: the start that was named again, if one was; it must be the checkpoint's.
        allow_changed_data: continue even if the corpus has changed.

    Raises:
        UsageError: a setting that differs.
        MissingInput, DataError: `start` is no model.
    """

    def __init__(
        self,
        path: Path,
        checkpoint: Checkpoint,
        settings: Mapping[str, Any],
        *,
        start: str | Path,
        allow_changed_data: bool,
    ) -> None:
        begun = RunSettings.on_record(
            checkpoint.config,
            checkpoint.corpus,
            checkpoint.training.to_dict(),
            checkpoint.init_from,
        )
        free = begun.require(settings, start)
        self.corpus = checkpoint.corpus["settings"]
        self.network, self.training = begun.network, begun.training.replace(**free)
        self.init_from = begun.init_from
        self._tokenizer_file = path / TOKENIZER
        self._checkpoint = checkpoint
        self._allow_changed_data = allow_changed_data
        self._data_changed = False
        _log_other_versions(checkpoint.versions)

    def open(self, corpus: Given, progress: ProgressReporter) -> tuple[Initialization, TokenStore]:
        """Open the corpus with the settings, or in the tokens, that the run began with.

        Raises:
            DataError: it has changed, and that is not allowed, or it has other tokens.
            MissingInput, DataError, UsageError: as for `open_corpus`.
        """
        return self, self._open(corpus, progress)

    def _open(self, corpus: Given, progress: ProgressReporter) -> TokenStore:
        """Return the token store of the corpus."""
        store = self._open_as_it_was(corpus, progress)
        if store.identity == self._checkpoint.data:
            return store
        if not self._allow_changed_data:
            raise DataError(
                f"{store.manifest.corpus}: not the text that the training began with; give that, "
                + by_setting("or pass {} to go on with this one", "allow_changed_data", True)
            )
        if store.tokenizer.to_json() != self._checkpoint.tokenizer.to_json():
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
        """Open the corpus with its settings, or in the run's own tokens if their file has none."""
        if is_store(corpus):
            return open_corpus(corpus, {}, progress)
        if not self._has_tokenizer_file():
            return self._open_in_own_tokens(corpus, progress)
        return open_corpus(corpus, self.corpus, progress)

    def _has_tokenizer_file(self) -> bool:
        """Return whether the file of the tokenizer, if it was read from one, is as it was."""
        tokenizer = self.corpus["tokenizer"]
        if tokenizer in TOKENIZERS:
            return True
        path, own = Path(tokenizer), self._checkpoint.tokenizer
        with suppress(DataError):
            return (
                path.is_file()
                and Tokenizer.from_file(path, own.normal_form).to_json() == own.to_json()
            )
        return False

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
