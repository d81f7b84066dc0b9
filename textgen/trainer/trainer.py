"""Setting up a run and taking it up again: from a token store to the best weights found."""

from collections.abc import Sequence

import keras

from textgen.config.model import ModelConfig, NetworkConfig
from textgen.config.training import TrainingConfig
from textgen.config.values import refuse
from textgen.errors import Interrupted, TrainingDiverged
from textgen.model.network import LanguageModel
from textgen.tokenization.token_store import TokenStore
from textgen.trainer.backend import retracing_untold
from textgen.trainer.batches import Batches
from textgen.trainer.budget import steps_in_budget
from textgen.trainer.callback import TrainingCallback
from textgen.trainer.checkpoint import Checkpoint, present_versions
from textgen.trainer.checkpoint_schedule import CheckpointSchedule
from textgen.trainer.enough_text import require_enough_text
from textgen.trainer.history import History
from textgen.trainer.job_folder import JobFolder
from textgen.trainer.loop import Loop
from textgen.trainer.result import Best, TrainingRecord, TrainingResult
from textgen.trainer.run_state import RunState
from textgen.trainer.schedule import Schedule, make_schedule
from textgen.trainer.train_step import TrainStep


class Trainer:
    """Trains a language model on a token store.

    Args:
        store: the prepared corpus.
        network: sizes of the network.
        training: length, optimization, seed.
        callbacks: Keras callbacks. They see batches (logs: loss, learning_rate, gradient_norm,
            tokens_per_second), epochs, validations as tests (logs: the `Quality` as a
            dictionary, and the metrics), and may set `model.stop_training`. A
            `TrainingCallback` hears of samples and checkpoints, too.
        folder: takes the checkpoints; without one there are none.
        init_from: the model whose weights are put into `model` before `run`, if any.

    Raises:
        DataError: as for `require_enough_text`.
        UsageError: a callback is none.
    """

    def __init__(
        self,
        store: TokenStore,
        network: NetworkConfig,
        training: TrainingConfig,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        *,
        folder: JobFolder | None = None,
        init_from: dict[str, str] | None = None,
    ) -> None:
        require_enough_text(store, training)
        self.store = store
        self.training = training.resolved()
        self.batches = Batches(
            store.inputs("train"),
            batch_size=training.batch_size,
            window=training.window,
            reset=training.state_reset,
            seed=training.seed,
            shuffle=not store.is_running_text,
            vocab_size=store.tokenizer.vocab_size if store.labels else None,
        )
        for callback in callbacks:
            if not isinstance(callback, keras.callbacks.Callback):
                refuse("callbacks", callback, "a list of keras.callbacks.Callback")
        self.config = ModelConfig(
            **network.to_dict(), vocab_size=store.tokenizer.vocab_size, labels=store.labels
        )
        self.model = LanguageModel(
            self.config, seed=training.seed, matmul=self.training.product_format
        )
        counts = self.batches.counts(self.config.vocab_size)
        self.model.start_from_counts(counts)
        self.step = TrainStep(self.model, self.training, counts)
        self.callbacks = keras.callbacks.CallbackList(
            list(callbacks), add_history=False, add_progbar=False, model=self.model
        )
        self.folder = folder
        self.init_from = init_from
        self.versions = present_versions()
        self._progress: RunState | None = None

    def restore(self, checkpoint: Checkpoint, *, data_changed: bool = False) -> None:
        """Take up a run where a checkpoint left it.

        Args:
            checkpoint: of a run with the same network and training.
            data_changed: whether the corpus is another one; then a new epoch begins, and
                validations are compared anew.
        """
        self.step.restore(checkpoint.variables)
        self.init_from, self.versions = checkpoint.init_from, checkpoint.versions
        progress = checkpoint.progress
        if data_changed:
            progress.begin_epoch()
            progress.changed_data.append(progress.steps)
            progress.forget_validations(self._schedule_of(progress.schedule.steps))
        progress.resumed.append(progress.steps)
        progress.history.add(progress.steps, resumed=True)
        self._progress = progress

    @retracing_untold()
    def run(self) -> TrainingResult:
        """Train, and return the best weights by validation.

        SIGINT and SIGTERM end the run after the step that is at work: the state is saved, the
        last weights are measured for a moment, and the best are returned, as they are where the
        loss becomes NaN or infinite. The result's `error` says so. A second signal acts at once.

        Raises:
            Interrupted, TrainingDiverged: before there was anything to return.
            KeyboardInterrupt: a second signal.
            OSError: a checkpoint could not be written; the one before is there.
        """
        progress = self._progress or self._start()
        saver = CheckpointSchedule(
            self.folder, self.training.save_seconds, lambda: self.checkpoint(progress), self._tell
        )
        self.callbacks.on_train_begin({"steps": progress.schedule.steps, "done": progress.steps})
        error = Loop(
            self.step, self.batches, self.store, self.training, self.callbacks, progress, saver
        ).run()
        self.callbacks.on_train_end()
        if progress.best is None:
            raise error or RuntimeError("a run ended without a validation")
        record = self._record(progress, progress.best, error)
        return TrainingResult(self.config, progress.best.weights, record, progress.history, error)

    def _start(self) -> RunState:
        """Return the progress of a run that has done nothing yet, its length fixed."""
        schedule = self._schedule()
        return RunState(schedule, History.of_run(schedule.steps))

    def _schedule(self) -> Schedule:
        """Fix the number of steps: as given, from epochs, or from the time budget."""
        if self.training.steps is not None:
            return self._schedule_of(self.training.steps)
        if self.training.epochs is not None:
            return self._schedule_of(self.training.epochs * self.batches.steps_per_epoch)
        tokens, _ = next(self.batches.epoch(0))
        budget = self.training.budget_seconds or 0.0
        steps = steps_in_budget(budget, self.step, tokens, self._schedule_of)
        if self.training.max_epochs:
            steps = min(steps, self.training.max_epochs * self.batches.steps_per_epoch)
        return self._schedule_of(steps)

    def _schedule_of(self, steps: int) -> Schedule:
        return make_schedule(
            steps,
            tokens_per_step=self.batches.tokens_per_step,
            validation_tokens=self.store.counts("validation").tokens,
            most=self.training.validations,
        )

    def checkpoint(self, progress: RunState) -> Checkpoint:
        """Return the state as it is, at some progress."""
        return Checkpoint(
            config=self.config,
            training=self.training,
            corpus=self.store.provenance,
            data=self.store.identity,
            tokenizer=self.store.tokenizer,
            init_from=self.init_from,
            progress=progress,
            variables=self.step.arrays(),
            versions=self.versions,
        )

    def _tell(self, step: int) -> None:
        """Tell the callbacks that want to know it of a checkpoint."""
        for callback in self.callbacks.callbacks:
            if isinstance(callback, TrainingCallback):
                callback.on_checkpoint(step)

    def _record(
        self, progress: RunState, best: Best, error: Interrupted | TrainingDiverged | None
    ) -> TrainingRecord:
        """Say what has happened."""
        trained = progress.steps * self.batches.tokens_per_step
        pace = trained / progress.seconds_training if trained else 0.0
        return TrainingRecord(
            ended=self._ending(progress, error),
            steps=progress.schedule.steps,
            steps_done=progress.steps,
            best_step=best.step,
            epochs=round(progress.epoch + progress.window / self.batches.steps_per_epoch, 3),
            seconds=round(progress.seconds, 3),
            seconds_saving=round(progress.seconds_saving, 3),
            tokens_per_second=round(pace, 1),
            validation=best.quality,
            validation_tokens=best.tokens,
            metrics={name: round(value, 5) for name, value in best.metrics.items()},
            course=progress.course,
            resumed=progress.resumed,
            changed_data=progress.changed_data,
            settings=self.training.to_dict(),
            init_from=self.init_from,
            versions=self.versions,
        )

    def _ending(self, progress: RunState, error: BaseException | None) -> str:
        """Say in a word or three how the run ended."""
        if error:
            return "diverged" if isinstance(error, TrainingDiverged) else "interrupted"
        if progress.steps == progress.schedule.steps:
            return "complete"
        return "no longer improving" if progress.stale == self.training.patience else "stopped"
