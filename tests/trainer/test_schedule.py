"""A run's plan follows from its number of steps alone."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textgen.config.training import SCHEDULES
from textgen.trainer.budget import steps_within
from textgen.trainer.schedule import TRAINING_COST, VALIDATION_SHARE, learning_rate, make_schedule


@given(st.integers(1, 5000), st.integers(1, 10_000), st.integers(1, 10**7), st.integers(1, 20))
def test_validations_end_with_the_run_and_cost_little(
    steps: int, per_step: int, tokens: int, most: int
) -> None:
    plan = make_schedule(steps, tokens_per_step=per_step, validation_tokens=tokens, most=most)
    assert plan.validation_steps[-1] == steps
    assert 1 <= len(set(plan.validation_steps)) == len(plan.validation_steps) <= most
    assert plan.validation_tokens == min(tokens, steps * per_step)
    if len(plan.validation_steps) > 1:
        cost = len(plan.validation_steps) * plan.validation_tokens
        assert cost <= VALIDATION_SHARE * TRAINING_COST * steps * per_step


@given(st.integers(1, 3000), st.floats(0, 1), st.sampled_from(SCHEDULES))
def test_learning_rate_rises_then_falls_and_never_leaves_its_range(
    steps: int, warmup: float, schedule: str
) -> None:
    rates = [
        learning_rate(s, steps, peak=2.0, warmup=warmup, schedule=schedule) for s in range(steps)
    ]
    assert all(0 < rate <= 2.0 for rate in rates)
    top = rates.index(max(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)


@pytest.mark.parametrize(
    ("schedule", "fall"),
    [
        ("cosine", [0.5 * (1 + math.cos(math.pi * k / 5)) for k in (1, 2, 3, 4)]),
        ("linear", [0.8, 0.6, 0.4, 0.2]),
        ("constant", [1.0, 1.0, 1.0, 1.0]),
    ],
)
def test_learning_rate_written_out(schedule: str, fall: list[float]) -> None:
    rates = [learning_rate(s, 8, peak=1.0, warmup=0.5, schedule=schedule) for s in range(8)]
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1.0, *fall])


@given(st.floats(0, 1e6), st.floats(0.001, 100), st.floats(0, 50))
def test_most_steps_that_fit_into_a_budget(budget: float, per_step: float, fixed: float) -> None:
    steps = steps_within(budget, lambda n: fixed + n * per_step)
    assert steps == 1 or fixed + steps * per_step <= budget
    assert fixed + (steps + 1) * per_step > budget
