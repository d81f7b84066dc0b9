"""Random numbers are a function of the seed and of the position, and have the shape they should."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from textgen.sampling.noise import Noise, gumbel, uniform

SEEDS = st.integers(0, 2**63 - 1)
SIZES = st.integers(1, 300)
# What Philox gives, halved; a change would change every seeded text.
BITS = [[703200164, 3745526968, 4175839367], [2127489254, 355806631, 670510028]]
DECISIONS = [1268584653, 2992015491]


@given(SEEDS, SIZES, st.lists(st.integers(1, 5), min_size=1, max_size=5))
def test_numbers_do_not_depend_on_how_many_are_taken_at_once(
    seed: int, vocab_size: int, parts: list[int]
) -> None:
    whole = Noise(seed, vocab_size).take(sum(parts))
    noise = Noise(seed, vocab_size)
    taken = [noise.take(part) for part in parts]
    for own, several in zip(whole, zip(*taken, strict=True), strict=True):
        np.testing.assert_array_equal(own, np.concatenate(several))


@given(SEEDS, SIZES, st.integers(0, 50))
def test_noise_that_begins_later_is_the_rest_of_the_same(
    seed: int, vocab_size: int, first: int
) -> None:
    whole, later = Noise(seed, vocab_size).take(first + 3), Noise(seed, vocab_size, first).take(3)
    for all_of_it, rest in zip(whole, later, strict=True):
        np.testing.assert_array_equal(all_of_it[first:], rest)


@given(SEEDS, SIZES, st.integers(0, 100))
def test_noise_of_a_few_tokens_has_the_bits_of_that_of_all(
    seed: int, vocab_size: int, first: int
) -> None:
    bits = Noise(seed, vocab_size).take()[0][0]
    some = np.arange(first % vocab_size, vocab_size, 3)
    np.testing.assert_array_equal(gumbel(bits[some]), gumbel(bits)[some])


def test_bits_of_a_seed_stay_the_same_for_good() -> None:
    bits, decision = Noise(7, 3).take(2)
    assert bits.tolist() == BITS
    assert decision.tolist() == DECISIONS


def test_every_number_is_finite_and_between_its_limits() -> None:
    extreme = np.array([0, 2**32 - 1], np.uint32)
    assert 0 < uniform(extreme)[0] < uniform(extreme)[1] < 1
    assert np.isfinite(gumbel(extreme)).all()
    assert gumbel(extreme)[0] < -3
    assert gumbel(extreme)[1] > 20


def test_largest_after_noise_is_drawn_as_often_as_the_softmax_says() -> None:
    probabilities = np.array([0.5, 0.3, 0.15, 0.05])
    bits, _ = Noise(1, 4).take(40_000)
    drawn = (np.log(probabilities).astype(np.float32) + gumbel(bits)).argmax(axis=1)
    shares = np.bincount(drawn, minlength=4) / len(drawn)
    np.testing.assert_allclose(shares, probabilities, atol=0.01)
