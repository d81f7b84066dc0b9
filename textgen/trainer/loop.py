"""The loop of a run: steps, validations, samples, checkpoints, until it ends or is ended."""

import math
import time
from collections.abc import Callable
from contextlib import suppress

import keras
import numpy as np
from numpy.typing import NDArray

from textgen.config.training import TrainingConfig
from textgen.errors import Interrupted, TrainingDiverged, by_setting
from textgen.signals import DeferredSignals
from textgen.tokenization.token_store import TokenStore
from textgen.trainer.batches import Batches
from textgen.trainer.callback import TrainingCallback
from textgen.trainer.checkpoint_schedule import CheckpointSchedule
from textgen.trainer.run_state import RunState
from textgen.trainer.sample_text import write_sample
from textgen.trainer.schedule import learning_rate
from textgen.trainer.train_step import TrainStep
from textgen.trainer.validation import measure

SECONDS_BETWEEN_SAMPLES = 30.0
# How long the last weights of a run that ends early are measured.
SECONDS_OF_LAST_VALIDATION = 10.0


class Loop:
    """One run of the training loop.

    Everything that decides what comes next is in `step` and `progress`, and nothing else is: a
    loop that begins with copies of them goes on in the same way, byte for byte.
    """

    def __init__(
        self,
        step: TrainStep,
        batches: Batches,
        store: TokenStore,
        training: TrainingConfig,
        callbacks: keras.callbacks.CallbackList,
        progress: RunState,
        saver: CheckpointSchedule,
    ) -> None:
        self.step = step
        self.model = step.model
        self.batches = batches
        self.store = store
        self.training = training
        self.callbacks = callbacks
        self.progress = progress
        self.saver = saver
        self._interruption = DeferredSignals()
        self._first_weights = progress.steps, self.model.named_weights()
        self._mark = self._last_sample = time.perf_counter()

    def run(self) -> Interrupted | TrainingDiverged | None:
        """Train to the end; return what ended the run before it, if anything did.

        Raises:
            KeyboardInterrupt: a second signal.
            OSError: a checkpoint could not be written.
        """
        error: Interrupted | TrainingDiverged | None = None
        with self._interruption:
            try:
                if not self.progress.resumed:
                    self.saver.save()  # fixes a budget's steps, and shows that the disk takes it
                self._optimize()
            except (Interrupted, TrainingDiverged) as reason:
                if isinstance(reason, Interrupted) and reason is not self._interruption.noted:
                    raise  # from within a step, whose state is not whole
                error = reason
            if not isinstance(error, TrainingDiverged):
                self.saver.save()
            if error:
                self._measure_for_a_moment()
        self._tick()
        return error

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do."""
        progress = self.progress
        return (
            progress.steps == progress.schedule.steps
            or progress.stale == self.training.patience
            or bool(self.model.stop_training)
        )

    def _optimize(self) -> None:
        """Run the steps, epoch after epoch, with validations where they are due."""
        self.model.stop_training = False
        progress = self.progress
        self._validate_if_due()
        while not self.is_over:
            self.callbacks.on_epoch_begin(progress.epoch)
            for tokens, fresh in self.batches.epoch(progress.epoch, progress.window):
                self._train(tokens, fresh)
                self._interruption.check()
                self.saver.save_if_due()
                self._sample_if_due()
                self._validate_if_due()
                if self.is_over:
                    break
            self.callbacks.on_epoch_end(progress.epoch)
            if progress.window == self.batches.steps_per_epoch:
                progress.begin_epoch()
        if progress.measured < progress.steps:
            self._validate()

    def _train(self, tokens: NDArray[np.int32], fresh: NDArray[np.bool_]) -> None:
        """Take one optimizer step, and write it down."""
        progress, number = self.progress, self.progress.steps
        self.callbacks.on_train_batch_begin(number)
        start = time.perf_counter()
        rate = learning_rate(
            number,
            progress.schedule.steps,
            peak=self.training.peak_rate,
            warmup=self.training.warmup,
            schedule=self.training.schedule,
        )
        state = progress.carried or self.model.initial_state(self.training.batch_size)
        loss, norm, state = self.step.train(tokens, fresh, state, rate)
        self._require_finite(number + 1, loss, norm)
        seconds = time.perf_counter() - start
        progress.advance(state, seconds)
        self._tick()
        epoch = progress.epoch + progress.window / self.batches.steps_per_epoch
        now = {"epoch": epoch, "seconds": progress.seconds, "learning_rate": rate}
        means = {"loss": loss, "gradient_norm": norm}
        progress.history.add_step(number + 1, now, means, self.batches.tokens_per_step, seconds)
        pace = progress.steps * self.batches.tokens_per_step / progress.seconds_training
        self.callbacks.on_train_batch_end(
            number, {**means, "learning_rate": rate, "tokens_per_second": pace}
        )

    def _require_finite(self, number: int, loss: float, norm: float) -> None:
        """Refuse a step that could not be taken.

        Raises:
            TrainingDiverged: its loss or its gradient is NaN or infinite.
        """
        if math.isfinite(loss) and math.isfinite(norm):
            return
        what = f"loss is {loss}" if not math.isfinite(loss) else f"gradient's norm is {norm}"
        raise TrainingDiverged(f"the {what} at step {number}; {self._remedy()}")

    def _remedy(self) -> str:
        """Name the settings that make a run diverge, of those that were chosen."""
        rate, decay = self.training.peak_rate, self.training.decay
        if rate * decay > 1:  # a step takes more than all of a weight away
            lower, times = by_setting("{}", "weight_decay"), by_setting("{}", "learning_rate")
            return f"try a lower {lower} than {decay:g}, times {times} {rate:g} below 1"
        clip = "" if self.training.clip_norm else by_setting(" or {}", "clip_norm", 1)
        return f"{by_setting('try a lower {}', 'learning_rate')} than {rate:g}{clip}"

    def _validate_if_due(self) -> None:
        """Validate after the steps that the schedule names, once each."""
        steps = self.progress.steps
        if steps in self.progress.schedule.validation_steps and steps != self.progress.measured:
            self._validate()

    def _validate(self) -> None:
        """Measure the validation split, all of it or as much as the schedule says."""

        def is_over() -> bool:
            self._interruption.check()
            return False

        self._measure(self.progress.steps, is_over)
        self._sample()

    def _measure_for_a_moment(self) -> None:
        """See whether the last weights are better than the best ones, after the state is saved.

        Where nothing is the best yet and they cannot be measured, the first weights are.
        """
        end = time.perf_counter() + SECONDS_OF_LAST_VALIDATION
        progress = self.progress
        if progress.measured < progress.steps:
            with suppress(TrainingDiverged):  # then they are not better
                self._measure(progress.steps, lambda: time.perf_counter() > end)
        if progress.best is None:
            step, weights = self._first_weights
            self.model.load_named_weights(weights)
            with suppress(TrainingDiverged):
                self._measure(step, lambda: time.perf_counter() > end)

    def _measure(self, step: int, is_over: Callable[[], bool]) -> None:
        """Measure the weights, which are those of a step, until something says it is enough."""
        progress = self.progress
        self.callbacks.on_test_begin()
        logs = {}
        try:
            most = progress.schedule.validation_tokens
            found = measure(self.step, step, self.store, most, is_over)
            self._tick()
            progress.add_validation(found)
            logs = found.quality.to_dict() | found.metrics
        finally:
            self.callbacks.on_test_end(logs)

    def _sample_if_due(self) -> None:
        """Let the model write now and then."""
        if time.perf_counter() - self._last_sample >= SECONDS_BETWEEN_SAMPLES:
            self._sample()

    def _sample(self) -> None:
        """Let the model write a little."""
        text = write_sample(self.model, self.store.tokenizer)
        self._last_sample = time.perf_counter()
        self.progress.history.add(self.progress.steps, sample=text)
        for callback in self.callbacks.callbacks:
            if isinstance(callback, TrainingCallback):
                callback.on_sample(self.progress.steps, text)

    def _tick(self) -> None:
        """Add the time since the last call to that of the run."""
        now = time.perf_counter()
        self.progress.seconds += now - self._mark
        self._mark = now
