"""The schedule of a run: its steps, its validations, and the learning rate of each step."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# Validation may take this share of the optimization's time. Training on a token takes 1.3 times as
# long as predicting it if products are in bf16, three times if not.
VALIDATION_SHARE = 0.1
TRAINING_COST = 1.5

# For each schedule: the share of the peak learning rate that is left after a share of the fall.
FALLS: dict[str, Callable[[float], float]] = {
    "cosine": lambda done: 0.5 * (1 + math.cos(math.pi * done)),
    "linear": lambda done: 1 - done,
    "constant": lambda done: 1.0,
}


@dataclass(frozen=True)
class Schedule:
    """The length of a run and its validations, which follow from the length alone.

    Attributes:
        steps: optimizer steps.
        validation_steps: the numbers of steps after which quality is measured.
        validation_tokens: tokens of the validation split that are measured each time: all of them,
            unless that is more than the run trains on.
    """

    steps: int
    validation_steps: tuple[int, ...]
    validation_tokens: int

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Schedule":
        """Make a schedule of JSON values."""
        return cls(**values | {"validation_steps": tuple(values["validation_steps"])})


def make_schedule(
    steps: int, *, tokens_per_step: int, validation_tokens: int, most: int, from_model: bool = False
) -> Schedule:
    """Spread validations over a run.

    Args:
        steps: optimizer steps.
        tokens_per_step: tokens trained on in each.
        validation_tokens: tokens of the validation split.
        most: largest number of validations after the first step.
        from_model: whether quality is measured before the first step, too.
    """
    measured = min(validation_tokens, steps * tokens_per_step)
    affordable = VALIDATION_SHARE * TRAINING_COST * steps * tokens_per_step / measured
    count = max(1, min(most, steps, int(affordable)))
    after = [steps * (k + 1) // count for k in range(count)]
    return Schedule(steps, (*[0] * from_model, *after), measured)


def learning_rate(step: int, steps: int, *, peak: float, warmup: float, schedule: str) -> float:
    """Return the learning rate of a step: a linear warm-up, then the fall of the schedule.

    "cosine" falls along half a cosine to 0 (Loshchilov and Hutter 2017, SGDR, without restarts),
    "linear" along a line to 0, "constant" not at all.

    Args:
        step: counted from 0.
        steps: length of the run.
        peak: largest learning rate.
        warmup: share of the steps that warm up.
        schedule: one of `config.training.SCHEDULES`.
    """
    rising = max(1, round(warmup * steps))
    if step < rising:
        return peak * (step + 1) / rising
    return peak * FALLS[schedule]((step + 1 - rising) / (steps + 1 - rising))
