"""The result of a training run."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.artifact.provenance import TrainingRecord
from textgen.config.model import ModelConfig
from textgen.errors import Interrupted, TrainingDiverged
from textgen.evaluation.quality import Quality
from textgen.trainer.history import History


@dataclass(frozen=True)
class Best:
    """The weights of the step with the best validation."""

    step: int
    weights: dict[str, NDArray[np.float32]]
    quality: Quality
    tokens: int
    metrics: dict[str, float]

    def is_better_than(self, other: "Best") -> bool:
        """Return whether its loss is lower."""
        return self.quality.nats_per_token < other.quality.nats_per_token

    def to_dict(self) -> dict[str, Any]:
        """Return all but the weights, as JSON values."""
        values = {k: v for k, v in vars(self).items() if k != "weights"}
        return values | {"quality": self.quality.to_dict()}

    @classmethod
    def from_parts(cls, values: dict[str, Any], weights: dict[str, NDArray[np.float32]]) -> "Best":
        """Make it of the weights and the values that `to_dict` returned."""
        return cls(**values | {"quality": Quality(**values["quality"]), "weights": weights})


@dataclass(frozen=True)
class TrainingResult:
    """The best weights of a run, with their record.

    Attributes:
        config: of the model.
        weights: of the best step, by name.
        record: of the run.
        history: events of the run.
        error: the signal or divergence that ended the run early, if any.
    """

    config: ModelConfig
    weights: dict[str, NDArray[np.float32]]
    record: TrainingRecord
    history: History
    error: Interrupted | TrainingDiverged | None = None
