"""Filters: written-out cases, and the laws that all of them keep."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from textgen.sampling.filters import (
    Logits,
    apply_min_p,
    apply_temperature,
    apply_top_k,
    apply_top_p,
    apply_typical_p,
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


@pytest.mark.parametrize(
    ("p", "expected"),  # the likeliest has 0.4: the borders are 0.08, 0.16, 0.24, 0.4
    [(0, [0, 1, 2, 3]), (0.2, [0, 1, 2, 3]), (0.4, [1, 2, 3]), (0.6, [2, 3]), (1.0, [3])],
)
def test_min_p_keeps_those_at_least_p_times_as_likely_as_the_likeliest(
    p: float, expected: list[int]
) -> None:
    assert kept(apply_min_p(FOUR, p)) == expected


@pytest.mark.parametrize(
    ("p", "expected"),
    # Surprises 2.303, 1.609, 1.204, 0.916; entropy 1.280; distances 1.023, 0.330, 0.076, 0.364.
    [(1.0, [0, 1, 2, 3]), (0.95, [0, 1, 2, 3]), (0.6, [1, 2, 3]), (0.4, [1, 2]), (0.2, [2])],
)
def test_typical_p_keeps_those_nearest_the_entropy_up_to_the_one_that_crosses_p(
    p: float, expected: list[int]
) -> None:
    assert kept(apply_typical_p(FOUR, p)) == expected


def test_typical_p_of_a_distribution_cut_before_ignores_what_is_cut() -> None:
    cut = np.append(FOUR, [-np.inf, -np.inf]).astype(np.float32)
    for p in (0.2, 0.4, 0.6, 0.95):
        assert kept(apply_typical_p(cut, p)) == kept(apply_typical_p(FOUR, p))


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
def test_every_filter_keeps_some_and_their_order(
    logits: Logits, k: int, p: float, temperature: float
) -> None:
    for filtered in (
        apply_top_k(logits, k),
        apply_typical_p(logits, p),
        apply_top_p(logits, p),
        apply_min_p(logits, p),
        apply_temperature(logits, temperature),
    ):
        assert filtered.shape == logits.shape
        assert filtered.dtype == np.float32
        assert kept(filtered)
        order = np.argsort(logits, kind="stable")
        assert (np.diff(filtered[order][np.isfinite(filtered[order])]) >= 0).all()


@given(vectors, st.integers(0, 50), st.floats(1e-6, 1), st.floats(0, 100))
def test_every_filter_but_typical_p_keeps_the_likeliest(
    logits: Logits, k: int, p: float, temperature: float
) -> None:
    for filtered in (
        apply_top_k(logits, k),
        apply_top_p(logits, p),
        apply_min_p(logits, p),
        apply_temperature(logits, temperature),
    ):
        assert np.argmax(logits) in kept(filtered)


@given(vectors, st.integers(0, 50), st.floats(1e-6, 1))
def test_filters_that_cut_change_no_logit_that_they_keep(logits: Logits, k: int, p: float) -> None:
    before = logits.copy()
    for filtered in (
        apply_top_k(logits, k),
        apply_typical_p(logits, p),
        apply_top_p(logits, p),
        apply_min_p(logits, p),
    ):
        np.testing.assert_array_equal(filtered[kept(filtered)], before[kept(filtered)])
    np.testing.assert_array_equal(logits, before)


@given(vectors)
def test_neutral_values_change_nothing(logits: Logits) -> None:
    before = logits.copy()
    for same in (
        apply_top_k(logits, 0),
        apply_typical_p(logits, 1.0),
        apply_top_p(logits, 1.0),
        apply_min_p(logits, 0.0),
        apply_temperature(logits, 1.0),
    ):
        np.testing.assert_array_equal(same, before)


@given(vectors, st.integers(1, 50))
def test_top_k_keeps_k_unless_some_are_equal(logits: Logits, k: int) -> None:
    count = len(kept(apply_top_k(logits, k)))
    wanted = min(k, len(logits))
    assert count == wanted if len(set(logits.tolist())) == len(logits) else count >= wanted


@given(vectors, st.floats(1e-6, 1))
def test_top_p_and_typical_p_keep_at_least_p(logits: Logits, p: float) -> None:
    probabilities = softmax(logits)
    assert probabilities[kept(apply_top_p(logits, p))].sum() >= p - 1e-9
    assert probabilities[kept(apply_typical_p(logits, p))].sum() >= p - 1e-9


@given(vectors, st.floats(1e-6, 1))
def test_min_p_keeps_what_is_as_likely_as_it_says_and_no_more(logits: Logits, p: float) -> None:
    probabilities = softmax(logits)
    border = p * probabilities.max()
    chosen = np.isfinite(apply_min_p(logits, p))
    assert chosen[probabilities > border * (1 + 1e-4)].all()
    assert not chosen[probabilities < border * (1 - 1e-4)].any()


@given(vectors)
def test_softmax_is_a_distribution(logits: Logits) -> None:
    assert math.isclose(softmax(logits).sum(), 1, rel_tol=1e-9)
