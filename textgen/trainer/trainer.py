"""The training loop: from a token store to the best weights found."""

import math
import time
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from textgen.config.model import ModelConfig, NetworkConfig
from textgen.config.training import TrainingConfig
from textgen.errors import DataError, TrainingDiverged
from textgen.model.network import LanguageModel, get_weights
from textgen.scoring import Quality
from textgen.tokenization.token_store import TokenStore
from textgen.trainer.batches import Batches
from textgen.trainer.budget import steps_in_budget
from textgen.trainer.record import Best, TrainingRecord, TrainingResult
from textgen.trainer.schedule import Schedule, learning_rate, make_schedule
from textgen.trainer.step import Step
from textgen.trainer.validation import validate


class Trainer:
    """Trains a language model on a token store.

    Args:
        store: the prepared corpus.
        network: sizes of the network.
        training: length, optimization, seed.
        callbacks: Keras callbacks. They see batches (logs: loss, learning_rate, gradient_norm,
            tokens_per_second), epochs, validations as tests (logs: the `Quality` as a
            dictionary, and the metrics), and may set `model.stop_training`.

    Raises:
        DataError: the corpus is too short.
    """

    def __init__(
        self,
        store: TokenStore,
        network: NetworkConfig,
        training: TrainingConfig,
        callbacks: Sequence[keras.callbacks.Callback] = (),
    ) -> None:
        self.store = store
        self.training = training
        self.batches = Batches(
            store.tokens("train"),
            batch_size=training.batch_size,
            window=training.window,
            reset=training.state_reset,
            seed=training.seed,
            shuffle=not store.is_running_text,
        )
        if not store.counts("validation").tokens:
            raise DataError("the validation split is empty; give more text")
        self.config = ModelConfig(**network.to_dict(), vocab_size=store.tokenizer.vocab_size)
        self.model = LanguageModel(self.config, seed=training.seed)
        self.model.start_from_counts(self.batches.counts(self.config.vocab_size))
        self.step = Step(self.model, training)
        self.callbacks = keras.callbacks.CallbackList(
            list(callbacks), add_history=False, add_progbar=False, model=self.model
        )
        self._best: Best | None = None
        self._steps_done = 0
        self._steps_measured = 0
        self._epochs = 0.0
        self._seconds_training = 0.0

    def run(self) -> TrainingResult:
        """Train, and return the best weights by validation.

        An interrupt (Ctrl-C) ends the run early: the weights are measured once more, the best so
        far are returned, and the record says so. A second one spares the measuring. Where there
        is nothing to keep yet, it is raised.

        Raises:
            TrainingDiverged: the loss became NaN or infinite.
            KeyboardInterrupt: interrupted before there was anything to keep.
        """
        schedule = self._schedule()
        self.callbacks.on_train_begin({"steps": schedule.steps})
        start = time.perf_counter()
        interrupted = False
        try:
            self._optimize(schedule)
        except KeyboardInterrupt:
            if not self._steps_done:
                raise
            interrupted = True
        best = self._final_best(schedule)
        self.callbacks.on_train_end()
        record = self._record(schedule, best, time.perf_counter() - start, interrupted)
        return TrainingResult(self.config, best.weights, record)

    def _optimize(self, schedule: Schedule) -> None:
        """Run the steps, epoch after epoch, with validations where they are due."""
        self.model.stop_training = False
        epoch = 0
        while self._steps_done < schedule.steps and not self.model.stop_training:
            self.callbacks.on_epoch_begin(epoch)
            state = self.model.initial_state(self.training.batch_size)
            for tokens, fresh in self.batches.epoch(epoch):
                state = self._train(schedule, tokens, fresh, state)
                if self._steps_done in schedule.validation_steps:
                    self._validate(schedule)
                if self._steps_done == schedule.steps or self.model.stop_training:
                    break
            self.callbacks.on_epoch_end(epoch)
            epoch += 1

    def _train(
        self,
        schedule: Schedule,
        tokens: NDArray[np.int32],
        fresh: NDArray[np.bool_],
        state: Any,
    ) -> Any:
        """Take one optimizer step and tell the callbacks."""
        number = self._steps_done
        self.callbacks.on_train_batch_begin(number)
        start = time.perf_counter()
        rate = learning_rate(
            number, schedule.steps,
            peak=self.training.peak_rate, warmup=self.training.warmup,
            schedule=self.training.schedule,
        )  # fmt: skip
        loss, norm, state = self.step.train(tokens, fresh, state, rate)
        if not math.isfinite(loss):
            raise TrainingDiverged(
                f"the loss is {loss} at step {number + 1}; try a lower --learning-rate than "
                f"{self.training.peak_rate:g}"
            )
        self._steps_done += 1
        self._epochs += 1 / self.batches.steps_per_epoch
        self._seconds_training += time.perf_counter() - start
        logs = {
            "loss": loss,
            "learning_rate": rate,
            "gradient_norm": norm,
            "tokens_per_second": self._tokens_per_second(),
        }
        self.callbacks.on_train_batch_end(number, logs)
        return state

    def _validate(self, schedule: Schedule) -> Best:
        """Measure the validation split; return, and keep, the best weights so far."""
        self.callbacks.on_test_begin()
        tokens = self.store.tokens("validation")[: schedule.validation_tokens]
        nats, metrics = validate(self.step, tokens)
        quality = Quality.of(nats / len(tokens), self.store.counts("validation"))
        if self._best is None or quality.nats_per_token < self._best.quality.nats_per_token:
            self._best = Best(self._steps_done, get_weights(self.model), quality, metrics)
        self._steps_measured = self._steps_done
        self.callbacks.on_test_end(quality.to_dict() | metrics)
        return self._best

    def _final_best(self, schedule: Schedule) -> Best:
        """Return the best weights, the last ones among them even if the run ended early."""
        best = self._best
        if best is None or self._steps_measured < self._steps_done:
            try:
                return self._validate(schedule)
            except KeyboardInterrupt:
                if best is None:
                    raise
        return best

    def _schedule(self) -> Schedule:
        """Fix the number of steps: as given, from epochs, or from the time budget."""
        if self.training.steps is not None:
            return self._schedule_of(self.training.steps)
        if self.training.epochs is not None:
            return self._schedule_of(self.training.epochs * self.batches.steps_per_epoch)
        tokens, _ = next(self.batches.epoch(0))
        budget = self.training.budget_seconds or 0.0
        return self._schedule_of(steps_in_budget(budget, self.step, tokens, self._schedule_of))

    def _schedule_of(self, steps: int) -> Schedule:
        return make_schedule(
            steps,
            tokens_per_step=self.training.batch_size * self.training.window,
            validation_tokens=self.store.counts("validation").tokens,
            most=self.training.validations,
        )

    def _tokens_per_second(self) -> float:
        trained = self._steps_done * self.training.batch_size * self.training.window
        return trained / self._seconds_training

    def _record(
        self, schedule: Schedule, best: Best, seconds: float, interrupted: bool
    ) -> TrainingRecord:
        return TrainingRecord(
            steps=schedule.steps,
            steps_done=self._steps_done,
            best_step=best.step,
            epochs=round(self._epochs, 3),
            seconds=round(seconds, 3),
            tokens_per_second=round(self._tokens_per_second(), 1),
            validation=best.quality,
            metrics={name: round(value, 5) for name, value in best.metrics.items()},
            settings=self.training.to_dict(),
            interrupted=interrupted,
        )
