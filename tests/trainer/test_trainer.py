"""Training learns, repeats itself, keeps the best, and stops when told."""

import hashlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from textgen.config.model import NetworkConfig
from textgen.config.training import OPTIMIZERS, TrainingConfig
from textgen.errors import DataError, TrainingDiverged
from textgen.tokenization.prepare import prepare
from textgen.tokenization.sources import open_source
from textgen.tokenization.token_store import TokenStore
from textgen.trainer import Trainer
from textgen.trainer.record import TrainingResult

NETWORK = NetworkConfig(units=(24,), embedding_size=8)
Make = Callable[..., Trainer]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> TokenStore:
    with open_source("tidewater", {}) as source:
        return prepare(source, tmp_path_factory.mktemp("store") / "tidewater")


@pytest.fixture(scope="module")
def make(store: TokenStore) -> Make:
    def trainer(*callbacks: keras.callbacks.Callback, **settings: Any) -> Trainer:
        sizes = {"batch_size": 8, "window": 16}
        return Trainer(store, NETWORK, TrainingConfig(**sizes | settings), callbacks)

    return trainer


def digest(result: TrainingResult) -> str:
    content = hashlib.sha256()
    for name, array in sorted(result.weights.items()):
        content.update(name.encode() + array.tobytes())
    return content.hexdigest()


class Recorder(keras.callbacks.Callback):
    """Writes down what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[str] = []
        self.logs: list[dict[str, float]] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.events.append(f"epoch {epoch}")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.events.append(f"step {batch}")
        self.logs.append(logs)

    def on_test_end(self, logs: Any = None) -> None:
        self.events.append("validation")
        self.logs.append(logs)


def test_training_learns_and_its_record_tells_how_well(make: Make) -> None:
    record = make(steps=150, learning_rate=0.02).run().record
    assert record.steps == record.steps_done == 150
    assert record.validation.nats_per_token < 2.8 < math.log(258)
    assert not record.interrupted


def test_same_seed_gives_the_same_bytes_and_another_does_not(make: Make) -> None:
    assert digest(make(steps=12).run()) == digest(make(steps=12).run())
    assert digest(make(steps=12).run()) != digest(make(steps=12, seed=2).run())


def test_steps_of_a_budget_repeat_its_run(make: Make) -> None:
    budgeted = make(budget="2s").run()
    assert budgeted.record.steps > 1
    assert budgeted.record.seconds < 20
    repeated = make(steps=budgeted.record.steps).run()
    assert digest(repeated) == digest(budgeted)
    assert repeated.record.validation == budgeted.record.validation


def test_budget_repeats_where_the_state_is_dropped_out(store: TokenStore) -> None:
    network = NETWORK.replace(recurrent_dropout=0.3)

    def run(**length: Any) -> TrainingResult:
        return Trainer(store, network, TrainingConfig(batch_size=4, window=8, **length)).run()

    budgeted = run(budget="1s")
    assert digest(run(steps=budgeted.record.steps)) == digest(budgeted)


def test_metrics_are_shown_and_recorded(make: Make) -> None:
    recorder = Recorder()
    record = make(recorder, steps=2, metrics=("top_5_accuracy",)).run().record
    assert 0 < record.metrics["top_5_accuracy"] < 1
    assert recorder.logs[-1]["top_5_accuracy"] == pytest.approx(
        record.metrics["top_5_accuracy"], abs=1e-5
    )
    assert record.to_dict()["metrics"] == record.metrics


@pytest.mark.parametrize("given", [{}, {"learning_rate": 0.25}])
def test_learning_rate_is_the_optimizers_own_unless_given(make: Make, given: Any) -> None:
    recorder = Recorder()
    make(recorder, steps=2, optimizer="sgd", schedule="constant", warmup=0.0, **given).run()
    expected = given.get("learning_rate", OPTIMIZERS["sgd"].learning_rate)
    rates = [logs["learning_rate"] for logs in recorder.logs[:2]]
    assert rates == pytest.approx([expected, expected])


def test_epochs_are_passes_over_the_training_split(make: Make) -> None:
    recorder = Recorder()
    trainer = make(recorder, epochs=2, batch_size=64, window=128)
    record = trainer.run().record
    assert record.steps == 2 * trainer.batches.steps_per_epoch
    assert [e for e in recorder.events if e.startswith("epoch")] == ["epoch 0", "epoch 1"]
    assert record.epochs == 2


def test_callbacks_see_every_step_and_validation(make: Make) -> None:
    recorder = Recorder()
    make(recorder, steps=60, batch_size=32, window=64, validations=2).run()
    assert recorder.events.count("validation") == 2
    assert recorder.events[-1] == "validation"
    assert sum(event.startswith("step") for event in recorder.events) == 60
    assert set(recorder.logs[0]) == {
        "loss", "learning_rate", "gradient_norm", "tokens_per_second",
    }  # fmt: skip
    assert "bits_per_byte" in recorder.logs[-1]


def test_best_weights_are_kept_not_the_last(make: Make) -> None:
    class Spoil(keras.callbacks.Callback):
        """Ruin the weights after the first validation."""

        def on_test_end(self, logs: Any = None) -> None:
            for variable in self.model.trainable_variables:
                variable.assign(10 * variable)

    record = make(Spoil(), steps=60, batch_size=32, window=64, validations=2).run().record
    assert record.best_step < record.steps_done == 60


def test_callback_can_stop_the_training(make: Make) -> None:
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.stop_training = batch == 4

    result = make(Stop(), steps=40).run()
    assert result.record.steps_done == result.record.best_step == 5


def test_interrupt_keeps_the_best_so_far(make: Make) -> None:
    class Interrupt(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 4:
                raise KeyboardInterrupt

    result = make(Interrupt(), steps=40).run()
    assert result.record.interrupted
    assert result.record.steps_done == 5
    assert np.isfinite(result.record.validation.nats_per_token)


def test_interrupt_measures_the_weights_it_stops_at(make: Make) -> None:
    class Interrupt(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 44:
                raise KeyboardInterrupt

    recorder = Recorder()
    sizes = {"batch_size": 32, "window": 64, "validations": 2}
    record = make(recorder, Interrupt(), steps=60, **sizes).run().record
    assert recorder.events.count("validation") == 2
    assert record.best_step == record.steps_done == 45


def test_second_interrupt_spares_the_measuring(make: Make) -> None:
    class Impatient(keras.callbacks.Callback):
        measured = 0

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 44:
                raise KeyboardInterrupt

        def on_test_begin(self, logs: Any = None) -> None:
            self.measured += 1
            if self.measured == 2:
                raise KeyboardInterrupt

    sizes = {"batch_size": 32, "window": 64, "validations": 2}
    record = make(Impatient(), steps=60, **sizes).run().record
    assert (record.best_step, record.steps_done) == (30, 45)


def test_divergence_is_an_error_that_names_step_and_remedy(make: Make) -> None:
    class Break(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.logits.bias.assign(np.full(258, np.nan, np.float32))

    with pytest.raises(TrainingDiverged, match="nan at step 2; try a lower --learning-rate"):
        make(Break(), steps=10).run()


def test_corpus_too_short_for_one_window_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "short.txt").write_text("too short")
    with open_source(str(tmp_path / "short.txt"), {}) as source:
        short = prepare(source, tmp_path / "store")
    with pytest.raises(DataError, match="too short: 9 tokens"):
        Trainer(short, NETWORK, TrainingConfig())
