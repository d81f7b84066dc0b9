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
    apply_top_n_sigma,
    apply_top_p,
    apply_typical_p,
    apply_xtc,
    distribution,
    dynamic_temperature,
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


@pytest.mark.parametrize(
    ("n", "expected"),  # of 0, 2, 4 and 6, the deviation is the root of 5, 2.236
    [(0, [0, 1, 2, 3]), (0.8, [3]), (0.9, [2, 3]), (1.8, [1, 2, 3]), (2.7, [0, 1, 2, 3])],
)
def test_top_n_sigma_keeps_those_within_n_deviations_of_the_largest(
    n: float, expected: list[int]
) -> None:
    assert kept(apply_top_n_sigma(np.array([0, 2, 4, 6], np.float32), n)) == expected


def test_top_n_sigma_takes_the_deviation_of_what_is_possible() -> None:
    cut = np.array([0, 2, -np.inf, 4, 6], np.float32)
    assert kept(apply_top_n_sigma(cut, 0.9)) == [3, 4]


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [(0.05, [0]), (0.15, [0, 1]), (0.25, [0, 1, 2]), (0.35, [0, 1, 2, 3]), (0.5, [0, 1, 2, 3])],
)
def test_xtc_leaves_out_the_likely_but_the_least_likely_of_them(
    threshold: float, expected: list[int]
) -> None:
    assert kept(apply_xtc(FOUR, 0.5, threshold, 0.4)) == expected


def test_xtc_acts_as_often_as_told() -> None:
    acted = [len(kept(apply_xtc(FOUR, 0.25, 0.1, chance / 8))) < 4 for chance in range(8)]
    assert acted == [True, True, False, False, False, False, False, False]
    assert kept(apply_xtc(FOUR, 1.0, 0.05, 1 - 2**-53)) == [0]


def test_xtc_keeps_all_that_are_least_likely_together() -> None:
    assert kept(apply_xtc(np.zeros(2, np.float32), 1.0, 0.5, 0.0)) == [0, 1]
    assert kept(apply_xtc(np.array([1, 0, 0, -9], np.float32), 1.0, 0.1, 0.0)) == [1, 2, 3]


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


def test_dynamic_temperature_is_low_for_the_sure_and_high_for_the_unsure() -> None:
    sure, unsure = np.array([0, 500], np.float32), np.zeros(2, np.float32)
    assert dynamic_temperature(sure, 1.0, 0.4, 1.0) == pytest.approx(0.6)
    assert dynamic_temperature(unsure, 1.0, 0.4, 1.0) == pytest.approx(1.4)
    assert dynamic_temperature(sure, 1.0, 3.0, 1.0) == pytest.approx(0)
    # The entropy of FOUR is 1.280, 0.923 of ln 4.
    assert dynamic_temperature(FOUR, 1.0, 0.4, 1.0) == pytest.approx(0.6 + 0.8 * 0.923, abs=1e-3)
    assert dynamic_temperature(FOUR, 1.0, 0.4, 2.0) == pytest.approx(0.6 + 0.8 * 0.852, abs=1e-3)


def test_dynamic_temperature_takes_the_entropy_of_what_is_possible() -> None:
    cut = np.append(FOUR, [-np.inf, -np.inf]).astype(np.float32)
    assert dynamic_temperature(cut, 1.0, 0.4, 1.0) == dynamic_temperature(FOUR, 1.0, 0.4, 1.0)
    alone = np.array([3, -np.inf], np.float32)
    assert dynamic_temperature(alone, 0.7, 0.4, 1.0) == 0.7


@given(vectors, st.floats(0, 100), st.floats(0, 100), st.floats(0.01, 100))
def test_dynamic_temperature_stays_in_its_range(
    logits: Logits, temperature: float, spread: float, exponent: float
) -> None:
    moved = dynamic_temperature(logits, temperature, spread, exponent)
    assert max(temperature - spread, 0) <= moved <= temperature + spread
    assert dynamic_temperature(logits, temperature, 0.0, exponent) == temperature


@given(vectors, st.integers(0, 50), st.floats(1e-6, 1), st.floats(0, 100))
def test_every_filter_keeps_some_and_their_order(
    logits: Logits, k: int, p: float, temperature: float
) -> None:
    for filtered in (
        apply_top_n_sigma(logits, temperature),
        apply_top_k(logits, k),
        apply_typical_p(logits, p),
        apply_top_p(logits, p),
        apply_min_p(logits, p),
        apply_xtc(logits, 1.0, p / 2, 0.0),
        apply_temperature(logits, temperature),
    ):
        assert filtered.shape == logits.shape
        assert filtered.dtype == np.float32
        assert kept(filtered)
        order = np.argsort(logits, kind="stable")
        assert (np.diff(filtered[order][np.isfinite(filtered[order])]) >= 0).all()


@given(vectors, st.integers(0, 50), st.floats(1e-6, 1), st.floats(0, 100))
def test_every_filter_but_typical_p_and_xtc_keeps_the_likeliest(
    logits: Logits, k: int, p: float, temperature: float
) -> None:
    for filtered in (
        apply_top_n_sigma(logits, temperature),
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
        apply_top_n_sigma(logits, p),
        apply_top_k(logits, k),
        apply_typical_p(logits, p),
        apply_top_p(logits, p),
        apply_min_p(logits, p),
        apply_xtc(logits, 1.0, p / 2, 0.0),
    ):
        np.testing.assert_array_equal(filtered[kept(filtered)], before[kept(filtered)])
    np.testing.assert_array_equal(logits, before)


@given(vectors)
def test_neutral_values_change_nothing(logits: Logits) -> None:
    before = logits.copy()
    for same in (
        apply_top_n_sigma(logits, 0.0),
        apply_xtc(logits, 0.0, 0.1, 0.0),
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


def many(size: int, spread: float, *, step: float = 0.0, cut: int = 0) -> Logits:
    """Return logits of a large vocabulary: some equal, if there is a step, and some impossible."""
    generator = np.random.default_rng(size)
    logits = spread * generator.standard_normal(size)
    logits = np.round(logits / step) * step if step else logits
    logits[generator.integers(size, size=cut)] = -np.inf
    return logits.astype(np.float32)


MANY = [
    many(32_768, 3.0),
    many(5_000, 0.01),
    many(5_000, 100.0),
    many(32_000, 2.0, step=0.5),
    many(4_099, 2.0, cut=2_000),
    np.zeros(2_000, np.float32),
]


@pytest.mark.parametrize("logits", MANY)
@pytest.mark.parametrize("k", [1, 2, 40, 1_000, 4_000])
def test_top_k_of_many_is_what_a_full_sort_gives(logits: Logits, k: int) -> None:
    border = np.sort(logits)[::-1][min(k, len(logits)) - 1]
    expected = np.where(logits >= border, logits, -np.inf)
    np.testing.assert_array_equal(apply_top_k(logits, k), expected)


@pytest.mark.parametrize("logits", MANY)
@pytest.mark.parametrize("p", [1e-9, 0.1, 0.5, 0.95, 0.9999])
def test_top_p_and_typical_p_of_many_are_what_a_full_sort_gives(logits: Logits, p: float) -> None:
    probabilities, surprises = distribution(logits)
    possible = probabilities > 0
    entropy = (probabilities[possible] * surprises[possible]).sum()
    for keys, filtered in (
        (surprises, apply_top_p(logits, p)),
        (np.abs(surprises - entropy), apply_typical_p(logits, p)),
    ):
        order = np.argsort(keys)
        held = np.cumsum(probabilities[order])
        assert np.sort(keys[order][: len(kept(filtered))]).max() == keys[kept(filtered)].max()
        assert held[len(kept(filtered)) - 1] >= p - 1e-9
        assert probabilities[keys < keys[kept(filtered)].max()].sum() < p + 1e-9


def test_borders_are_computed_in_single_precision_as_a_graph_does() -> None:
    logits = many(3_000, 2.0)
    below = logits - logits.max()
    for p in (0.05, 0.3, 0.7):
        expected = np.where(below >= np.float32(math.log(p)), logits, np.float32(-np.inf))
        np.testing.assert_array_equal(apply_min_p(logits, p), expected)
    for temperature in (0.3, 0.8, 1.7):
        scaled = apply_temperature(logits, temperature)
        np.testing.assert_array_equal(scaled, below / np.float32(temperature))


@given(vectors)
def test_distribution_is_one_and_its_surprises_are_its_logarithms(logits: Logits) -> None:
    probabilities, surprises = distribution(logits)
    assert math.isclose(probabilities.sum(), 1, rel_tol=1e-9)
    np.testing.assert_allclose(np.exp(-surprises), probabilities, rtol=1e-9)
    np.testing.assert_array_equal(softmax(logits), probabilities)


def test_the_impossible_has_no_probability_and_infinite_surprise() -> None:
    probabilities, surprises = distribution(np.array([0, -np.inf], np.float32))
    assert probabilities.tolist() == [1, 0]
    assert surprises.tolist() == [0, np.inf]
