"""Biases and penalties: written-out cases, and the laws that all of them keep."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from textgen.sampling.filters import Logits
from textgen.sampling.penalties import (
    apply_logit_bias,
    apply_presence_and_frequency,
    apply_repetition_penalty,
)

sizes = st.shared(st.integers(1, 40), key="vocabulary")
vectors = sizes.flatmap(
    lambda size: arrays(np.float32, size, elements=st.floats(-30, 30, width=32))
)
# Which tokens are recent, and how often each occurs.
tallies = sizes.flatmap(
    lambda size: st.dictionaries(st.integers(0, size - 1), st.integers(1, 9))
).map(lambda tally: (ids(*tally), ids(*tally.values())))
chosen = sizes.flatmap(
    lambda size: arrays(np.int64, st.integers(0, 9), elements=st.integers(0, size - 1))
)
penalties = st.floats(-2, 2)
Tally = tuple[NDArray[np.int64], NDArray[np.int64]]


def row(*values: float) -> Logits:
    return np.array(values, np.float32)


def ids(*values: int) -> NDArray[np.int64]:
    return np.array(values, np.int64)


def test_bias_is_added_and_minus_infinity_bans() -> None:
    biased = apply_logit_bias(row(1, 2, 3), ids(2, 0), row(-4, 0.5))
    np.testing.assert_array_equal(biased, row(1.5, 2, -1))
    banned = apply_logit_bias(row(1, 2, 3), ids(1), row(-np.inf))
    np.testing.assert_array_equal(banned, row(1, -np.inf, 3))


def test_biases_of_one_token_add_up_and_none_undoes_a_ban() -> None:
    biased = apply_logit_bias(row(1, 2), ids(0, 0), row(0.5, 0.25))
    np.testing.assert_array_equal(biased, row(1.75, 2))
    for order in (ids(0, 1), ids(1, 0)):
        banned = apply_logit_bias(row(1, 2), ids(1, 1), row(100, -np.inf)[order])
        np.testing.assert_array_equal(banned, row(1, -np.inf))


def test_repetition_penalty_divides_positive_logits_and_multiplies_negative_ones() -> None:
    penalized = apply_repetition_penalty(row(2, -1, 0, 3), ids(0, 1, 2), 2)
    np.testing.assert_array_equal(penalized, row(1, -2, 0, 3))


def test_presence_counts_once_and_frequency_each_time() -> None:
    logits, at, counts = row(1, 1, 1, 1), ids(1, 2), ids(1, 3)
    present = apply_presence_and_frequency(logits, at, counts, 0.5, 0)
    np.testing.assert_array_equal(present, row(1, 0.5, 0.5, 1))
    frequent = apply_presence_and_frequency(logits, at, counts, 0, 0.25)
    np.testing.assert_array_equal(frequent, row(1, 0.75, 0.25, 1))
    both = apply_presence_and_frequency(logits, at, counts, 0.5, 0.25)
    np.testing.assert_array_equal(both, row(1, 0.25, -0.25, 1))


@given(vectors, tallies, st.floats(1, 100), st.floats(0, 2), st.floats(0, 2))
def test_penalties_lower_what_occurred_and_leave_the_rest(
    logits: Logits, tally: Tally, repetition: float, presence: float, frequency: float
) -> None:
    before = logits.copy()
    at, counts = tally
    others = np.setdiff1d(np.arange(len(logits)), at)
    for penalized in (
        apply_repetition_penalty(logits, at, repetition),
        apply_presence_and_frequency(logits, at, counts, presence, frequency),
    ):
        np.testing.assert_array_equal(penalized[others], before[others])
        assert (penalized <= before).all()
    np.testing.assert_array_equal(logits, before)


@given(vectors, tallies, chosen, st.floats(0.01, 100), penalties, penalties)
def test_shape_and_type_are_kept_and_all_stays_finite(
    logits: Logits,
    tally: Tally,
    tokens: NDArray[np.int64],
    repetition: float,
    presence: float,
    frequency: float,
) -> None:
    for moved in (
        apply_logit_bias(logits, tokens, np.full(len(tokens), presence, np.float32)),
        apply_repetition_penalty(logits, tally[0], repetition),
        apply_presence_and_frequency(logits, *tally, presence, frequency),
    ):
        assert moved.shape == logits.shape
        assert moved.dtype == np.float32
        assert np.isfinite(moved).all()


@given(vectors, tallies, chosen)
def test_neutral_values_change_nothing(
    logits: Logits, tally: Tally, tokens: NDArray[np.int64]
) -> None:
    before = logits.copy()
    for same in (
        apply_logit_bias(logits, tokens, np.zeros(len(tokens), np.float32)),
        apply_logit_bias(logits, ids(), row()),
        apply_repetition_penalty(logits, tally[0], 1.0),
        apply_presence_and_frequency(logits, *tally, 0.0, 0.0),
        apply_repetition_penalty(logits, ids(), 1.3),
        apply_presence_and_frequency(logits, ids(), ids(), 1.0, 1.0),
    ):
        np.testing.assert_array_equal(same, before)
