"""The number of steps that fit into a time budget, estimated from the first steps."""

import statistics
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from textgen.trainer.schedule import Schedule
from textgen.trainer.train_step import TrainStep
from textgen.trainer.validation import STREAMS, window_count, window_length

# The first steps compile and warm caches. After them, at least TIMED_STEPS are timed, for at least
# TIMED_SHARE of the budget.
UNTIMED_STEPS = 2
TIMED_STEPS = 5
TIMED_SHARE = 0.02
TIMED_WINDOWS = 3


def steps_in_budget(
    budget: float,
    step: TrainStep,
    tokens: NDArray[np.int32],
    schedule_of: Callable[[int], Schedule],
) -> int:
    """Return the number of steps in a budget, from timed steps and windows of validation.

    The timed steps count towards the budget; compiling does not.

    Args:
        budget: seconds of optimization and validation.
        step: of the model to train; its variables are restored.
        tokens: a batch, of shape (batch, window + 1).
        schedule_of: returns the schedule of a number of steps.
    """
    before = step.arrays()
    state = step.model.initial_state(len(tokens))
    fresh = np.zeros(len(tokens), bool)
    seconds: list[float] = []
    while not _is_enough(seconds, TIMED_SHARE * budget):
        start = time.perf_counter()
        step.train(tokens, fresh, state, 0.0)
        seconds.append(time.perf_counter() - start)
    timed = seconds[UNTIMED_STEPS:]
    per_step = statistics.median(timed)
    per_window = _time_validation(step)
    step.restore(before)

    def cost(steps: int) -> float:
        schedule = schedule_of(steps)
        windows = window_count(schedule.validation_tokens, step.model.config.vocab_size)
        return steps * per_step + len(schedule.validation_steps) * windows * per_window

    return steps_within(budget - sum(timed), cost)


def steps_within(seconds: float, cost: Callable[[int], float]) -> int:
    """Return the largest number of steps, at least 1, that costs no more than `seconds`.

    Args:
        seconds: the budget.
        cost: returns the seconds of a run of a number of steps; it grows with them.
    """
    upper = 1
    while cost(upper) <= seconds:
        upper *= 2
    lower = upper // 2
    while upper - lower > 1:
        middle = (lower + upper) // 2
        lower, upper = (middle, upper) if cost(middle) <= seconds else (lower, middle)
    return max(1, lower)


def _is_enough(seconds: list[float], least: float) -> bool:
    """Return whether enough steps are timed, for at least `least` seconds."""
    return len(seconds) >= UNTIMED_STEPS + TIMED_STEPS and sum(seconds[UNTIMED_STEPS:]) >= least


def _time_validation(step: TrainStep) -> float:
    """Return the median seconds of a window, after one that compiles."""
    length = window_length(step.model.config.vocab_size)
    tokens = np.zeros((STREAMS, length + 1), np.int32)
    counted = np.ones((STREAMS, length), np.float32)
    state = step.model.initial_state(STREAMS)
    seconds = []
    for _ in range(1 + TIMED_WINDOWS):
        start = time.perf_counter()
        step.predict(tokens, counted, state)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:])
