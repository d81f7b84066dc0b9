"""The job of a training: its folder, lock, initialization and resume, from options to a model."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from textgen.artifact.model_folder import Model
from textgen.artifact.provenance import Provenance
from textgen.artifact.run_settings import run_settings_of
from textgen.artifact.suffix_array import CopyIndex
from textgen.config.corpus import CorpusConfig, files_of
from textgen.config.generation import GenerationConfig
from textgen.config.merge import as_held
from textgen.config.model import ModelConfig, NetworkConfig
from textgen.config.presets import with_preset
from textgen.config.start import AUTO
from textgen.config.training import TrainingConfig
from textgen.corpus.texts import Texts
from textgen.errors import DataError, Interrupted, TrainingDiverged, UsageError, by_setting
from textgen.files import check_output
from textgen.paths import check_writable, named, refuse_inputs
from textgen.progress import SILENT, ProgressReporter
from textgen.tokenization.store_cache import StoreArgument, as_store, corpus_fingerprint
from textgen.tokenization.token_store import TokenStore
from textgen.trainer.backend import load_tensorflow, require_libraries, require_own_process
from textgen.trainer.initialization import Initialization
from textgen.trainer.job_folder import JobFolder
from textgen.trainer.requirements import (
    memory_end_explained,
    require_enough_text,
    require_memory,
)
from textgen.trainer.result import TrainingResult
from textgen.trainer.resumption import FromCheckpoint
from textgen.trainer.start import initialization_of

if TYPE_CHECKING:
    from textgen.trainer.trainer import Trainer

logger = logging.getLogger(__name__)

INDEXED_CHARACTERS = 4_000_000  # largest text for which copying is always measured


class TrainingJob:
    """One training, from its options to its model: its folder, lock, initialization and resume.

    Use it as a context, which holds the folder's lock. Within it call `open`, `load_tensorflow`,
    `make_trainer` and, with the trainer's result, `finish`. If `is_finished`, nothing is left to
    do, and `require_corpus` is the only call.

    Args:
        out: the model folder to make.
        settings: fields of `CorpusConfig`, `NetworkConfig` and `TrainingConfig` that were chosen.
        preset: one of `PRESETS`, whose settings apply where none was chosen.
        resume: continue from the last checkpoint in `out`, if there is one.
        overwrite: rename an existing `out`.
        start: what the training starts from: a name of `config.start.STARTS`, or a model folder.
        allow_changed_data: resume even if the corpus has changed.

    Raises:
        UsageError: options that do not go together, an impossible value, or no TensorFlow.
        MissingInput, DataError, UnsafeModel: `start` cannot be read.
    """

    def __init__(
        self,
        out: Path,
        settings: Mapping[str, Any],
        *,
        preset: str | None = None,
        resume: bool = False,
        overwrite: bool = False,
        start: str | Path = AUTO,
        allow_changed_data: bool = False,
    ) -> None:
        require_libraries()
        if resume and overwrite:
            raise UsageError("resume and overwrite exclude each other; give one of them")
        out = self.out = named(out)
        self.is_finished = False
        chosen = as_held(settings, CorpusConfig, NetworkConfig, TrainingConfig)
        settings = self._settings = with_preset(preset, chosen)
        self._resume = resume
        self._overwrite = overwrite
        self._allow_changed_data = allow_changed_data
        self._start_name = start
        self._folder = JobFolder(out)
        if not (resume and (self._folder.is_begun or self._folder.is_model)):
            self._start = self._fresh_start()  # reports wrong settings before the folder changes
        self._held = ExitStack()

    def __enter__(self) -> Self:
        """Lock the folder, and find the state of its training.

        Raises:
            UsageError: something else stands in the folder, or the training had other settings.
            Busy: another trainer works in it.
            OSError: it cannot be written to.
        """
        if self._overwrite:
            check_output(self.out, overwrite=True)
        check_writable(self.out)
        with self._held:
            self._held.enter_context(self._folder.locked())
            if self._resume:
                self._take_up()
            elif not self._overwrite:
                self._folder.refuse_anything()
            self._held = self._held.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        self._held.__exit__(*error)

    def open(self, corpus: StoreArgument, progress: ProgressReporter = SILENT) -> TokenStore:
        """Open the corpus, and require enough text and memory to train on it.

        Raises:
            DataError: it cannot be used, or it is not the corpus that the training began with.
            NotEnoughMemory: this machine has too little for the network.
            UsageError: `out` would replace it; or as for `open_corpus`.
            MissingInput: as for `open_corpus`.
        """
        opened = as_store("corpus", corpus)
        if not isinstance(self._start, FromCheckpoint):
            self._refuse_inputs(opened)
        self._start, self._store = self._start.open(opened, progress)
        store = self._store
        require_enough_text(store, self._start.training)
        self._config = ModelConfig(
            **self._start.network.to_dict(),
            vocab_size=store.tokenizer.vocab_size,
            labels=store.labels,
        )
        require_memory(self._config, self._start.training)
        return store

    def require_corpus(self, corpus: StoreArgument, progress: ProgressReporter = SILENT) -> None:
        """Require the corpus that the finished model was trained on.

        Raises:
            DataError: it is another corpus, and that is not allowed.
            MissingInput, UsageError: as for `open_corpus`.
        """
        settings = self._begun.corpus.to_dict()
        name, fingerprint = corpus_fingerprint(as_store("corpus", corpus), settings, progress)
        if self._begun.fingerprint not in (None, fingerprint) and not self._allow_changed_data:
            remedy = by_setting("train on with {}", "start", str(self.out))
            raise DataError(
                f"{name}: not the text that {self.out}, which is complete, was trained on; give "
                f"that, or {remedy} and a new output"
            )

    def _refuse_inputs(self, corpus: str | Texts | TokenStore) -> None:
        """Refuse an output that would replace the corpus."""
        path = corpus.folder if isinstance(corpus, TokenStore) else corpus
        name = path if isinstance(path, str | Path) else ""  # texts in memory have no path
        refuse_inputs(self.out, files_of(self._settings), name)

    def describe(self) -> str:
        """Describe the training in a line, once the corpus is open."""
        network, training = self._start.network, self._start.training
        text = (
            f"network: {network.summary()}; {training.batch_size} streams of {training.window} "
            f"tokens at a time, learning rate {training.peak_rate:g}, dropout {network.dropout:g}"
        )
        if training.budget_seconds and training.max_epochs:
            text += f", at most {training.max_epochs} epochs"
        return text

    def load_tensorflow(self, *, quiet: bool = False) -> None:
        """Load TensorFlow with the number of threads of the settings; see `backend`.

        Raises:
            UsageError: as for `load_tensorflow` and `require_own_process`.
        """
        require_own_process()
        load_tensorflow(self._start.training.cores, quiet=quiet)

    def make_trainer(
        self, callbacks: Sequence[Any] = (), progress: ProgressReporter = SILENT
    ) -> "Trainer":
        """Make the trainer, initialize it, and prepare the folder. Load TensorFlow before.

        From here to the end of the context, exhausted memory raises `NotEnoughMemory`.

        Args:
            callbacks: Keras callbacks; see `Trainer`.
            progress: receives the stage "training" in steps.
        """
        from textgen.trainer.trainer import StepProgress, Trainer

        start, self._copies = self._start, self._copy_index()
        self._held.enter_context(memory_end_explained(self._config, start.training))
        trainer = Trainer(
            self._store,
            start.network,
            start.training,
            [*callbacks, StepProgress(progress)],
            folder=self._folder,
            init_from=start.init_from,
            copies=self._copies,
        )
        start.initialize(trainer)
        if not isinstance(start, FromCheckpoint):
            self._folder.begin(overwrite=self._overwrite)
        return trainer

    def finish(self, result: TrainingResult) -> Model:
        """Write the model of a run with its report, and return it.

        Raises:
            TrainingDiverged: the loss became NaN or infinite. The best model before is in `out`.
            Interrupted: by a signal. A checkpoint and the best model so far are in `out`.
            OSError: the disk refused; the last checkpoint is intact.
        """
        from textgen.report.run_page import write_report  # loads matplotlib

        model = self._model(result)
        self._folder.write_history(result.history)
        self._folder.add(model)
        write_report(self.out, model, result.history.events)
        if result.error:
            raise self._explained(result.error, result)
        self._folder.finish()
        return model

    def _fresh_start(self) -> Initialization:
        """Return the initialization of a new training."""
        return initialization_of(self._start_name, self._settings)

    def _take_up(self) -> None:
        """Find the last checkpoint, or a finished model; without either, begin anew."""
        latest = self._folder.latest()
        if latest is not None:
            self._start = FromCheckpoint(
                *latest,
                self._settings,
                start=self._start_name,
                allow_changed_data=self._allow_changed_data,
            )
        elif self._folder.is_model and not self._folder.is_begun:
            self._begun = run_settings_of(self.out)
            self._begun.require(self._settings, self._start_name, complete=self.out)
            self.is_finished = True
        else:
            self._folder.refuse_others()
            self._start = self._fresh_start()
            logger.info("%s: no complete checkpoint; the training begins anew", self.out)

    def _model(self, result: TrainingResult) -> Model:
        """Return the model of a run, and measure whether int8 is good enough for it."""
        from textgen.evaluation.copying import measure_copying  # loads ONNX Runtime
        from textgen.runtime.engine.precision import measure_precisions

        provenance = Provenance.of(corpus=self._store.provenance, training=result.record)
        model = Model(
            result.config, result.weights, self._store.tokenizer, GenerationConfig(), provenance
        ).stored_as(self._start.training.storage)
        held_out = self._store.tokens("validation")
        precision = measure_precisions(model.config, model.weights, held_out)
        copying = measure_copying(model, self._copies) if self._copies else None
        return replace(
            model,
            provenance=provenance.with_records(precision=precision, copying=copying),
            copies=self._copies if self._start.training.copy_index else None,
        )

    def _copy_index(self) -> CopyIndex | None:
        """Return the index of the training text, if it is small or the index was asked for."""
        is_small = self._store.counts("train").characters <= INDEXED_CHARACTERS
        if not (is_small or self._start.training.copy_index):
            return None
        return CopyIndex.of(self._store.texts("train"))

    def _explained(
        self, error: Interrupted | TrainingDiverged, result: TrainingResult
    ) -> Interrupted | TrainingDiverged:
        """Return the error with what is kept and the way to continue."""
        done = f"step {result.record.steps_done:,} of {result.record.steps:,}"
        kept = f"{self.out} holds the best model so far (step {result.record.best_step:,})"
        if isinstance(error, Interrupted):
            remedy = by_setting("{} goes on", "resume", True)
            return Interrupted(error.number, f"interrupted and saved at {done}; {remedy}; {kept}")
        return TrainingDiverged(f"{error}; {kept}")
