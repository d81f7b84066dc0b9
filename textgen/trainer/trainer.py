"""The trainer: the loop of a run, from a token store to the best weights by validation."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from textgen.artifact.provenance import TrainingRecord
from textgen.artifact.suffix_array import CopyIndex
from textgen.config.model import ModelConfig, NetworkConfig
from textgen.config.training import TrainingConfig
from textgen.config.values import refuse
from textgen.errors import Interrupted, TrainingDiverged, by_setting
from textgen.model.network import LanguageModel, State
from textgen.progress import ProgressReporter
from textgen.signals import DeferredSignals
from textgen.tokenization.token_store import TokenStore
from textgen.trainer.backend import retracing_expected
from textgen.trainer.batches import Batches
from textgen.trainer.budget import steps_in_budget
from textgen.trainer.checkpoint import Checkpoint, present_versions
from textgen.trainer.checkpoint_schedule import CheckpointSchedule
from textgen.trainer.job_folder import JobFolder
from textgen.trainer.requirements import require_enough_text
from textgen.trainer.result import Best, TrainingResult
from textgen.trainer.run_state import RunState
from textgen.trainer.sample_text import write_sample
from textgen.trainer.schedule import Schedule, learning_rate, make_schedule
from textgen.trainer.train_step import TrainStep
from textgen.trainer.unigram_rescaling import unigram_rescaling
from textgen.trainer.validation import measure

SECONDS_BETWEEN_SAMPLES = 30.0
# Time limit for measuring the last weights of a run that ends early.
SECONDS_OF_LAST_VALIDATION = 10.0


class TrainingCallback(keras.callbacks.Callback):
    """A Keras callback with two more events: samples and checkpoints."""

    def on_sample(self, step: int, text: str, copied: int | None) -> None:
        """Receive a text that the model wrote after a step.

        Args:
            step: the number of steps.
            text: the text.
            copied: characters of its longest span that the training text contains; None if that
                was not looked for.
        """

    def on_checkpoint(self, step: int) -> None:
        """Receive the step of a checkpoint that was written."""


class StepProgress(keras.callbacks.Callback):
    """Reports the optimizer steps of a run, as the stage "training".

    Args:
        progress: receives the reports.
    """

    def __init__(self, progress: ProgressReporter) -> None:
        super().__init__()
        self._progress = progress
        self._steps = 0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Report the steps that a resumed run has taken before."""
        counts = logs or {}
        self._steps = int(counts["steps"])  # Keras makes logs floats
        self._progress.advance("training", int(counts["done"]), self._steps)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Report a step."""
        self._progress.advance("training", 1, self._steps)


class Trainer:
    """Trains a language model on a token store.

    `step` and `state` hold everything that decides what comes next. A run that begins with copies
    of them goes on in the same way, byte for byte.

    Args:
        store: the prepared corpus.
        network: sizes of the network.
        training: length, optimization, seed.
        callbacks: Keras callbacks. They receive batches (logs: loss, learning_rate,
            gradient_norm, tokens_per_second), epochs, and validations as tests (logs: the
            `Quality` as a dictionary, and the metrics), and may set `model.stop_training`. A
            `TrainingCallback` receives samples and checkpoints, too.
        folder: takes the checkpoints; without one there are none.
        init_from: record of the model whose weights are loaded into `model` before `run`, if any.
        copies: index of the training text, to tell what samples copy; without one that is not told.

    Raises:
        DataError: as for `require_enough_text`.
        UsageError: a callback is not a Keras callback.
    """

    state: RunState  # of the run at work

    def __init__(
        self,
        store: TokenStore,
        network: NetworkConfig,
        training: TrainingConfig,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        *,
        folder: JobFolder | None = None,
        init_from: dict[str, str] | None = None,
        copies: CopyIndex | None = None,
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
        self.copies = copies
        self.versions = present_versions()
        self._restored: RunState | None = None
        self._signals = DeferredSignals()
        self._error: Interrupted | TrainingDiverged | None = None

    def restore(self, checkpoint: Checkpoint, *, data_changed: bool = False) -> None:
        """Continue from a checkpoint when `run` is called.

        Args:
            checkpoint: of a run with the same network and training.
            data_changed: whether the corpus is another one. Then a new epoch begins, and
                earlier validations are forgotten.
        """
        self.step.restore(checkpoint.variables)
        self.init_from, self.versions = checkpoint.init_from, checkpoint.versions
        state = checkpoint.progress
        if data_changed:
            state.begin_epoch()
            state.changed_data.append(state.steps)
            state.forget_validations(self._schedule_of(state.schedule.steps))
        state.resumed.append(state.steps)
        state.history.add(state.steps, resumed=True)
        self._restored = state

    @retracing_expected()
    def run(self) -> TrainingResult:
        """Train, and return the best weights by validation.

        SIGINT and SIGTERM end the run after the current step. The state is saved, the last
        weights are measured for a moment, and the best weights are returned; the same happens
        when the loss becomes NaN or infinite. The result's `error` holds the reason. A second
        signal acts at once.

        Raises:
            Interrupted, TrainingDiverged: no weights could be measured before the end.
            KeyboardInterrupt: a second signal.
            OSError: a checkpoint could not be written; the one before it is intact.
        """
        state = self.state = self._restored or RunState.begin(self._schedule())
        self._begin()
        with self._early_end_handled():
            self._prepare_first_step()
            for tokens, fresh in self._windows():
                start = time.perf_counter()
                carried = state.carried or self.model.initial_state(self.training.batch_size)
                rate = self._learning_rate()
                loss, norm, carried = self.step.train(tokens, fresh, carried, rate)
                self._require_finite(loss, norm)
                self._record_step(loss, norm, rate, carried, time.perf_counter() - start)
                self._signals.check()
                self._saver.save_if_due()
                self._sample_if_due()
                self._validate_if_due()
            if state.measured < state.steps:
                self._validate()
        self.callbacks.on_train_end()
        return self._result()

    @property
    def is_over(self) -> bool:
        """Whether the run has reached its end."""
        return (
            self.state.steps == self.state.schedule.steps
            or self.state.stale == self.training.patience
            or bool(self.model.stop_training)
        )

    def checkpoint(self, state: RunState) -> Checkpoint:
        """Return a checkpoint of the variables as they are and of a state."""
        return Checkpoint(
            config=self.config,
            training=self.training,
            corpus=self.store.provenance,
            data=self.store.identity,
            tokenizer=self.store.tokenizer,
            init_from=self.init_from,
            progress=state,
            variables=self.step.arrays(),
            versions=self.versions,
        )

    def _begin(self) -> None:
        """Set up the parts of a run besides its state."""
        state = self.state
        self._saver = CheckpointSchedule(
            self.folder,
            self.training.save_seconds,
            lambda: self.checkpoint(state),
            self._announce_checkpoint,
        )
        self.callbacks.on_train_begin({"steps": state.schedule.steps, "done": state.steps})
        self._first_weights = state.steps, self.model.named_weights()
        self._mark = self._last_sample = time.perf_counter()

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
        """Return the schedule of a number of steps."""
        return make_schedule(
            steps,
            tokens_per_step=self.batches.tokens_per_step,
            validation_tokens=self.store.counts("validation").tokens,
            most=self.training.validations,
            from_model=self.init_from is not None,
        )

    @contextmanager
    def _early_end_handled(self) -> Iterator[None]:
        """Defer signals; save and measure what there is when a signal or divergence ends the run.

        The reason is kept in `_error`. A signal within a step goes through: its state is not
        whole.
        """
        with self._signals:
            try:
                yield
            except (Interrupted, TrainingDiverged) as reason:
                if isinstance(reason, Interrupted) and reason is not self._signals.noted:
                    raise
                self._error = reason
            if not isinstance(self._error, TrainingDiverged):
                self._saver.save()
            if self._error:
                self._measure_last_weights()
        self._tick()

    def _prepare_first_step(self) -> None:
        """Write the first checkpoint of a new run, validate if that is due, and fit the bias."""
        if not self.state.resumed:
            self._saver.save()  # keeps the number of steps of a budget, and tests the disk
        self.model.stop_training = False
        self._validate_if_due()
        if self.init_from and not self.state.steps:
            self._rescale_unigrams()

    def _rescale_unigrams(self) -> None:
        """Fit the output bias of the model that the run starts from to the text."""
        tokens, bias = self.store.tokens("train"), self.model.logits.bias
        shift = unigram_rescaling(self.config, self.model.named_weights(), tokens)
        bias.assign(bias.numpy() + shift)

    def _windows(self) -> Iterator[tuple[NDArray[np.int32], NDArray[np.bool_]]]:
        """Yield windows, epoch after epoch, until the run is over; see `Batches.epoch`."""
        state = self.state
        while not self.is_over:
            self.callbacks.on_epoch_begin(state.epoch)
            for window in self.batches.epoch(state.epoch, state.window):
                self.callbacks.on_train_batch_begin(state.steps)
                yield window
                if self.is_over:
                    break
            self.callbacks.on_epoch_end(state.epoch)
            if state.window == self.batches.steps_per_epoch:
                state.begin_epoch()

    def _learning_rate(self) -> float:
        """Return the learning rate of the next step."""
        return learning_rate(
            self.state.steps,
            self.state.schedule.steps,
            peak=self.training.peak_rate,
            warmup=self.training.warmup,
            schedule=self.training.schedule,
        )

    def _require_finite(self, loss: float, norm: float) -> None:
        """Refuse a step that changed nothing.

        Raises:
            TrainingDiverged: its loss or its gradient is NaN or infinite.
        """
        if math.isfinite(loss) and math.isfinite(norm):
            return
        what = f"loss is {loss}" if not math.isfinite(loss) else f"gradient's norm is {norm}"
        step = self.state.steps + 1
        raise TrainingDiverged(f"the {what} at step {step}; {_remedy(self.training)}")

    def _record_step(
        self, loss: float, norm: float, rate: float, carried: State, seconds: float
    ) -> None:
        """Advance the state by a step, and give its figures to the history and the callbacks."""
        state, tokens = self.state, self.batches.tokens_per_step
        state.advance(carried, seconds)
        self._tick()
        epoch = state.epoch + state.window / self.batches.steps_per_epoch
        now = {"epoch": epoch, "seconds": state.seconds, "learning_rate": rate}
        means = {"loss": loss, "gradient_norm": norm}
        state.history.add_step(state.steps, now, means, tokens, seconds)
        pace = state.steps * tokens / state.seconds_training
        logs = {**means, "learning_rate": rate, "tokens_per_second": pace}
        self.callbacks.on_train_batch_end(state.steps - 1, logs)

    def _validate_if_due(self) -> None:
        """Validate after the steps in the schedule, once each."""
        steps = self.state.steps
        if steps in self.state.schedule.validation_steps and steps != self.state.measured:
            self._validate()

    def _validate(self) -> None:
        """Measure the validation split, as much of it as the schedule asks for."""

        def is_over() -> bool:
            self._signals.check()
            return False

        self._measure(self.state.steps, is_over)
        self._sample()

    def _measure_last_weights(self) -> None:
        """Measure the last weights for a moment: they may be the best.

        If there is no best validation after that, the weights that the run began with are measured.
        """
        end = time.perf_counter() + SECONDS_OF_LAST_VALIDATION
        state = self.state
        if state.measured < state.steps:
            with suppress(TrainingDiverged):  # then they are not better
                self._measure(state.steps, lambda: time.perf_counter() > end)
        if state.best is None:
            step, weights = self._first_weights
            self.model.load_named_weights(weights)
            with suppress(TrainingDiverged):
                self._measure(step, lambda: time.perf_counter() > end)

    def _measure(self, step: int, is_over: Callable[[], bool]) -> None:
        """Measure the weights of a step until `is_over` returns true."""
        self.callbacks.on_test_begin()
        logs = {}
        try:
            most = self.state.schedule.validation_tokens
            validation = measure(self.step, step, self.store, most, is_over)
            self._tick()
            self.state.add_validation(validation)
            logs = validation.quality.to_dict() | validation.metrics
        finally:
            self.callbacks.on_test_end(logs)

    def _sample_if_due(self) -> None:
        """Write a sample if the last one is long enough ago."""
        if time.perf_counter() - self._last_sample >= SECONDS_BETWEEN_SAMPLES:
            self._sample()

    def _sample(self) -> None:
        """Write a sample, and give it to the history and the callbacks."""
        text = write_sample(self.model, self.store.tokenizer)
        copied = len(self.copies.longest(text)) if self.copies else None
        self._last_sample = time.perf_counter()
        self.state.history.add(self.state.steps, sample=text, copied=copied)
        for callback in self._training_callbacks():
            callback.on_sample(self.state.steps, text, copied)

    def _announce_checkpoint(self, step: int) -> None:
        """Give the step of a new checkpoint to the callbacks."""
        for callback in self._training_callbacks():
            callback.on_checkpoint(step)

    def _training_callbacks(self) -> list[TrainingCallback]:
        """Return the callbacks that receive samples and checkpoints."""
        return [c for c in self.callbacks.callbacks if isinstance(c, TrainingCallback)]

    def _tick(self) -> None:
        """Add the time since the last call to that of the run."""
        now = time.perf_counter()
        self.state.seconds += now - self._mark
        self._mark = now

    def _result(self) -> TrainingResult:
        """Return the best weights and the record of the run.

        Raises:
            Interrupted, TrainingDiverged: there was no validation before the end.
        """
        best = self.state.best
        if best is None:
            raise self._error or RuntimeError("a run ended without a validation")
        record = self._record(best)
        return TrainingResult(self.config, best.weights, record, self.state.history, self._error)

    def _record(self, best: Best) -> TrainingRecord:
        """Return the record of the run."""
        state = self.state
        trained = state.steps * self.batches.tokens_per_step
        pace = trained / state.seconds_training if trained else 0.0
        return TrainingRecord(
            ended=self._ending(),
            steps=state.schedule.steps,
            steps_done=state.steps,
            best_step=best.step,
            epochs=round(state.epoch + state.window / self.batches.steps_per_epoch, 3),
            seconds=round(state.seconds, 3),
            seconds_saving=round(state.seconds_saving, 3),
            tokens_per_second=round(pace, 1),
            validation=best.quality.to_dict(),
            validation_tokens=best.tokens,
            metrics={name: round(value, 5) for name, value in best.metrics.items()},
            course=state.course,
            resumed=state.resumed,
            changed_data=state.changed_data,
            settings=self.training.to_dict(),
            init_from=self.init_from,
            versions=self.versions,
        )

    def _ending(self) -> str:
        """Return how the run ended, in a word or three."""
        if self._error:
            return "diverged" if isinstance(self._error, TrainingDiverged) else "interrupted"
        if self.state.steps == self.state.schedule.steps:
            return "complete"
        return "no longer improving" if self.state.stale == self.training.patience else "stopped"


def _remedy(training: TrainingConfig) -> str:
    """Name the settings that make a run diverge, among those that were chosen."""
    rate, decay = training.peak_rate, training.decay
    if rate * decay > 1:  # a step removes more than all of a weight
        lower, times = by_setting("{}", "weight_decay"), by_setting("{}", "learning_rate")
        return f"try a lower {lower} than {decay:g}, times {times} {rate:g} below 1"
    clip = "" if training.clip_norm else by_setting(" or {}", "clip_norm", 1)
    return f"{by_setting('try a lower {}', 'learning_rate')} than {rate:g}{clip}"
