"""What comes out of a training run."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.config.model import ModelConfig
from textgen.scoring import Quality


@dataclass(frozen=True)
class TrainingRecord:
    """What happened in a run; `steps` given as `--steps` repeats it.

    Attributes:
        steps: planned optimizer steps.
        steps_done: fewer if the run was interrupted.
        best_step: the step whose weights were kept.
        epochs: passes over the training split.
        seconds: time of optimization and validation.
        tokens_per_second: tokens trained on per second of optimization.
        validation: quality of the kept weights on the validation split.
        metrics: the further figures that were asked for, of the same weights.
        settings: the `TrainingConfig`.
        interrupted: whether Ctrl-C ended it.
    """

    steps: int
    steps_done: int
    best_step: int
    epochs: float
    seconds: float
    tokens_per_second: float
    validation: Quality
    metrics: dict[str, float]
    settings: dict[str, Any]
    interrupted: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the record as values that JSON can hold."""
        return asdict(self) | {"validation": self.validation.to_dict()}


@dataclass(frozen=True)
class Best:
    """The weights of the step that validated best."""

    step: int
    weights: dict[str, NDArray[np.float32]]
    quality: Quality
    metrics: dict[str, float]


@dataclass(frozen=True)
class TrainingResult:
    """The best weights of a run, with what they are and how they came about."""

    config: ModelConfig
    weights: dict[str, NDArray[np.float32]]
    record: TrainingRecord
