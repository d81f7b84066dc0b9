"""The state of a run: everything that its steps change besides the variables of the model."""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.config.cell import Cell
from textgen.trainer.history import History
from textgen.trainer.result import Best
from textgen.trainer.schedule import Schedule

CARRIED = "carried."  # begins the names of the states in a checkpoint


@dataclass
class RunState:
    """The position of a run. Together with `TrainStep.variables()` it decides all that follows.

    Attributes:
        schedule: length and validations.
        history: events so far.
        steps: optimizer steps taken.
        epoch: number of the present pass over the training split, from 0.
        window: windows of this pass that have been trained on.
        carried: the states of each layer, each of shape (batch, units); None for zeros.
        best: the best weights so far, if there was a validation.
        measured: the last step that was validated; -1 for none.
        stale: validations since the best one.
        course: step and nats per token of every validation.
        seconds: of optimization, validation and all between, in all parts of the run.
        seconds_training: of optimization alone.
        seconds_saving: of writing checkpoints.
        resumed: the steps at which the run was resumed.
        changed_data: those of them at which the corpus was another one than before.
    """

    schedule: Schedule
    history: History
    steps: int = 0
    epoch: int = 0
    window: int = 0
    carried: list[tuple[Any, ...]] | None = None
    best: Best | None = None
    measured: int = -1
    stale: int = 0
    course: list[tuple[int, float]] = field(default_factory=list)
    seconds: float = 0.0
    seconds_training: float = 0.0
    seconds_saving: float = 0.0
    resumed: list[int] = field(default_factory=list)
    changed_data: list[int] = field(default_factory=list)

    @classmethod
    def begin(cls, schedule: Schedule) -> "RunState":
        """Return the state of a run before its first step."""
        return cls(schedule, History.of_run(schedule.steps))

    def advance(self, carried: list[tuple[Any, ...]], seconds: float) -> None:
        """Advance past a window of the training split.

        Args:
            carried: each layer's state after it.
            seconds: duration of its optimizer step.
        """
        self.steps += 1
        self.window += 1
        self.carried = carried
        self.seconds_training += seconds

    def begin_epoch(self) -> None:
        """Begin the next epoch."""
        self.epoch += 1
        self.window = 0
        self.carried = None

    def add_validation(self, measured: Best) -> None:
        """Record a validation, and keep its weights if they are the best so far."""
        is_best = self.best is None or measured.is_better_than(self.best)
        self.best = measured if is_best else self.best
        self.stale = 0 if is_best else self.stale + 1
        self.measured = measured.step
        self.course.append((measured.step, measured.quality.nats_per_token))
        figures = measured.quality.to_dict() | measured.metrics
        self.history.add(measured.step, validation=figures, best=is_best, seconds=self.seconds)

    def forget_validations(self, schedule: Schedule) -> None:
        """Forget the best weights, because the validation text has changed.

        Args:
            schedule: for the new text.
        """
        self.schedule = schedule
        self.best = None
        self.stale = 0
        self.measured = -1

    def arrays(self, cell: Cell) -> dict[str, NDArray[Any]]:
        """Return the arrays of the state, by name.

        Args:
            cell: of the network.
        """
        state = {
            _carried_name(layer, name): np.asarray(array)
            for layer, states in enumerate(self.carried or [])
            for name, array in zip(cell.states, states, strict=True)
        }
        best = self.best.weights if self.best else {}
        return state | {f"best.{name}": array for name, array in best.items()}

    def to_dict(self) -> dict[str, Any]:
        """Return all but arrays and history, as JSON values."""
        plain = {k: v for k, v in vars(self).items() if k not in ("carried", "best", "history")}
        best = self.best.to_dict() if self.best else None
        return plain | {"schedule": asdict(self.schedule), "best": best}

    @classmethod
    def from_parts(
        cls, values: dict[str, Any], arrays: dict[str, NDArray[Any]], history: History, cell: Cell
    ) -> "RunState":
        """Make a state of the results of `to_dict` and `arrays`, and the history.

        Raises:
            KeyError, TypeError: a part is missing or wrong.
        """
        count = sum(name.startswith(CARRIED) for name in arrays) // len(cell.states)
        carried = [
            tuple(arrays[_carried_name(layer, name)] for name in cell.states)
            for layer in range(count)
        ]
        weights = {n.removeprefix("best."): a for n, a in arrays.items() if n.startswith("best.")}
        parts = {
            "schedule": Schedule.from_dict(values["schedule"]),
            "history": history,
            "carried": carried or None,
            "best": Best.from_parts(values["best"], weights) if values["best"] else None,
            "course": [(step, nats) for step, nats in values["course"]],
        }
        return cls(**values | parts)


def _carried_name(layer: int, state: str) -> str:
    """Return the name of a layer's state in a checkpoint."""
    return f"{CARRIED}{layer}.{state}"
