"""Filters: written-out cases, and the laws that all of them keep."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from textgen.sampling.filters import (
    Logits,
    apply_temperature,
    apply_top_k,
    apply_top_p,
    softmax,
)

# Probabilities 0.1, 0.2, 0.3, 0.4.
FOUR = np.log(np.array([0.1, 0.2, 0.3, 0.4])).astype(np.float32)

vectors = arrays(np.float32, st.integers(1, 40), elements=st.floats(-30, 30, width=32))


def kept(logits: Logits) -> list[int]:
    return [int(i) for i in np.flatnonzero(np.isfinite(logits))]


@pytest.mark.parametrize(
    ("k", "expected"),
    [(0, [0, 1, 2, 3]), (1, [3]), (2, [2, 3]), (4, [0, 1, 2, 3]), (9, [0, 1, 2, 3])],
)
def test_top_k_keeps_the_k_likeliest(k: int, expected: list[int]) -> None:
    assert kept(apply_top_k(FOUR, k)) == expected


@pytest.mark.parametrize(
    ("p", "expected"),
    [(1.0, [0, 1, 2, 3]), (0.95, [0, 1, 2, 3]), (0.85, [1, 2, 3]), (0.5, [2, 3]), (0.01, [3])],
)
def test_top_p_keeps_the_likeliest_up_to_the_one_that_crosses_p(
    p: float, expected: list[int]
) -> None:
    assert kept(apply_top_p(FOUR, p)) == expected


def test_temperature_sharpens_and_flattens() -> None:
    np.testing.assert_allclose(
        softmax(apply_temperature(FOUR, 0.5)), np.array([1, 4, 9, 16]) / 30, rtol=1e-5
    )
    np.testing.assert_allclose(
        softmax(apply_temperature(FOUR, 2.0)),
        np.sqrt([0.1, 0.2, 0.3, 0.4]) / np.sqrt([0.1, 0.2, 0.3, 0.4]).sum(),
        rtol=1e-5,
    )


def test_temperature_zero_is_greedy_and_takes_the_first_of_equals() -> None:
    assert kept(apply_temperature(FOUR, 0)) == [3]
    assert kept(apply_temperature(np.array([1, 2, 2], np.float32), 0)) == [1]


def test_tiny_temperature_is_nearly_greedy() -> None:
    assert softmax(apply_temperature(FOUR, 1e-30)).tolist() == [0, 0, 0, 1]
    assert softmax(apply_temperature(FOUR, 5e-324)).tolist() == [0, 0, 0, 1]


@given(vectors, st.integers(0, 50), st.floats(1e-6, 1), st.floats(0, 100))
def test_every_filter_keeps_the_likeliest_and_the_order(
    logits: Logits, k: int, p: float, temperature: float
) -> None:
    for filtered in (
        apply_top_k(logits, k),
        apply_top_p(logits, p),
        apply_temperature(logits, temperature),
    ):
        assert filtered.shape == logits.shape
        assert filtered.dtype == np.float32
        assert np.argmax(logits) in kept(filtered)
        order = np.argsort(logits, kind="stable")
        assert (np.diff(filtered[order][np.isfinite(filtered[order])]) >= 0).all()


@given(vectors)
def test_neutral_values_change_nothing(logits: Logits) -> None:
    before = logits.copy()
    for same in (apply_top_k(logits, 0), apply_top_p(logits, 1.0), apply_temperature(logits, 1.0)):
        np.testing.assert_array_equal(same, before)


@given(vectors, st.integers(1, 50))
def test_top_k_keeps_k_unless_some_are_equal(logits: Logits, k: int) -> None:
    count = len(kept(apply_top_k(logits, k)))
    wanted = min(k, len(logits))
    assert count == wanted if len(set(logits.tolist())) == len(logits) else count >= wanted


@given(vectors, st.floats(1e-6, 1))
def test_top_p_keeps_at_least_p(logits: Logits, p: float) -> None:
    probabilities = softmax(logits)
    assert probabilities[kept(apply_top_p(logits, p))].sum() >= p - 1e-9


@given(vectors)
def test_softmax_is_a_distribution(logits: Logits) -> None:
    assert math.isclose(softmax(logits).sum(), 1, rel_tol=1e-9)
