"""What comes out of a training run."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.config.model import ModelConfig
from textgen.errors import Interrupted, TrainingDiverged
from textgen.evaluation.quality import Quality
from textgen.trainer.history import History


@dataclass(frozen=True)
class TrainingRecord:
    """What happened in a run.

    Attributes:
        ended: how: "complete", "no longer improving", "stopped" by a callback, "interrupted" or
            "diverged".
        steps: planned optimizer steps.
        steps_done: fewer if the run ended early.
        best_step: the step whose weights were kept.
        epochs: passes over the training split.
        seconds: time of optimization and validation.
        seconds_saving: time of checkpoints.
        tokens_per_second: tokens trained on per second of optimization.
        validation: quality of the kept weights on the validation split.
        validation_tokens: how much of the split it was measured on.
        metrics: the further figures that were asked for, of the same weights.
        course: step and nats per token of every validation.
        resumed: the steps at which the run was taken up again.
        changed_data: those of them at which the corpus had become another one.
        settings: the `TrainingConfig`, nothing left to defaults.
        init_from: name and weights' SHA-256 of the model that the run began with, if any.
        versions: of what computed it.
    """

    ended: str
    steps: int
    steps_done: int
    best_step: int
    epochs: float
    seconds: float
    seconds_saving: float
    tokens_per_second: float
    validation: Quality
    validation_tokens: int
    metrics: dict[str, float]
    course: list[tuple[int, float]]
    resumed: list[int]
    changed_data: list[int]
    settings: dict[str, Any]
    init_from: dict[str, str] | None
    versions: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Return the record as values that JSON can hold."""
        return asdict(self) | {"validation": self.validation.to_dict()}


@dataclass(frozen=True)
class Best:
    """The weights of the step that validated best."""

    step: int
    weights: dict[str, NDArray[np.float32]]
    quality: Quality
    tokens: int
    metrics: dict[str, float]

    def is_better_than(self, other: "Best") -> bool:
        """Tell whether it has the lower loss."""
        return self.quality.nats_per_token < other.quality.nats_per_token

    def to_dict(self) -> dict[str, Any]:
        """Return all but the weights, as values that JSON can hold."""
        told = {k: v for k, v in vars(self).items() if k != "weights"}
        return told | {"quality": self.quality.to_dict()}

    @classmethod
    def from_parts(cls, told: dict[str, Any], weights: dict[str, NDArray[np.float32]]) -> "Best":
        """Put together what `to_dict` returned and the weights."""
        return cls(**told | {"quality": Quality(**told["quality"]), "weights": weights})


@dataclass(frozen=True)
class TrainingResult:
    """The best weights of a run, with what they are and how they came about.

    Attributes:
        history: what happened.
        error: what ended the run early, if it was a signal or divergence.
    """

    config: ModelConfig
    weights: dict[str, NDArray[np.float32]]
    record: TrainingRecord
    history: History
    error: Interrupted | TrainingDiverged | None = None
