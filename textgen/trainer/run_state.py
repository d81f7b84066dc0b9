"""How far a run is: everything that its steps change besides the variables of the model."""

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
    """The position of a run. With `Step.variables()` it decides all that follows.

    Attributes:
        schedule: length and validations.
        history: what has happened.
        steps: optimizer steps taken.
        epoch: number of the pass over the training split, from 0.
        window: windows of it that have been trained on.
        carried: the states of each layer, each of shape (batch, units); None for zeros.
        best: the best validation so far, if there was one.
        measured: the step that was validated last.
        stale: validations since the best one.
        course: step and nats per token of every validation.
        seconds: of optimization, validation and all between, in all parts of the run.
        seconds_training: of optimization alone.
        seconds_saving: of writing checkpoints.
        resumed: the steps at which the run was taken up again.
        changed_data: those of them at which the corpus had become another one.
    """

    schedule: Schedule
    history: History
    steps: int = 0
    epoch: int = 0
    window: int = 0
    carried: list[tuple[Any, ...]] | None = None
    best: Best | None = None
    measured: int = 0
    stale: int = 0
    course: list[tuple[int, float]] = field(default_factory=list)
    seconds: float = 0.0
    seconds_training: float = 0.0
    seconds_saving: float = 0.0
    resumed: list[int] = field(default_factory=list)
    changed_data: list[int] = field(default_factory=list)

    def advance(self, carried: list[tuple[Any, ...]], seconds: float) -> None:
        """Go past a window of the training split.

        Args:
            carried: the state after it.
            seconds: how long that took.
        """
        self.steps += 1
        self.window += 1
        self.carried = carried
        self.seconds_training += seconds

    def begin_epoch(self) -> None:
        """Go on to the next pass."""
        self.epoch += 1
        self.window = 0
        self.carried = None

    def add_validation(self, found: Best) -> None:
        """Write a validation down, and compare it with the best so far."""
        is_best = self.best is None or found.is_better_than(self.best)
        self.best = found if is_best else self.best
        self.stale = 0 if is_best else self.stale + 1
        self.measured = found.step
        self.course.append((found.step, found.quality.nats_per_token))
        figures = found.quality.to_dict() | found.metrics
        self.history.add(found.step, validation=figures, best=is_best, seconds=self.seconds)

    def forget_validations(self, schedule: Schedule) -> None:
        """Begin to compare anew, because what is measured is another text.

        Args:
            schedule: for that text.
        """
        self.schedule = schedule
        self.best = None
        self.stale = 0
        self.measured = 0

    def arrays(self, cell: Cell) -> dict[str, NDArray[Any]]:
        """Return the arrays by name; `cell` is that of the network."""
        state = {
            _carried_name(layer, name): np.asarray(array)
            for layer, states in enumerate(self.carried or [])
            for name, array in zip(cell.states, states, strict=True)
        }
        best = self.best.weights if self.best else {}
        return state | {f"best.{name}": array for name, array in best.items()}

    def to_dict(self) -> dict[str, Any]:
        """Return the rest but the history, as values that JSON can hold."""
        plain = {k: v for k, v in vars(self).items() if k not in ("carried", "best", "history")}
        best = self.best.to_dict() if self.best else None
        return plain | {"schedule": asdict(self.schedule), "best": best}

    @classmethod
    def from_parts(
        cls, told: dict[str, Any], arrays: dict[str, NDArray[Any]], history: History, cell: Cell
    ) -> "RunState":
        """Put together what `to_dict` and `arrays` returned, and the history.

        Raises:
            KeyError, TypeError: a part of it is missing, or not what it should be.
        """
        count = sum(name.startswith(CARRIED) for name in arrays) // len(cell.states)
        carried = [
            tuple(arrays[_carried_name(layer, name)] for name in cell.states)
            for layer in range(count)
        ]
        weights = {n.removeprefix("best."): a for n, a in arrays.items() if n.startswith("best.")}
        parts = {
            "schedule": Schedule.from_dict(told["schedule"]),
            "history": history,
            "carried": carried or None,
            "best": Best.from_parts(told["best"], weights) if told["best"] else None,
            "course": [(step, nats) for step, nats in told["course"]],
        }
        return cls(**told | parts)


def _carried_name(layer: int, state: str) -> str:
    """Return the name of a layer's state in a checkpoint."""
    return f"{CARRIED}{layer}.{state}"
