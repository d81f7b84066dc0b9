"""Mirostat 2 keeps what is not too surprising, and steers the surprise to its target."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from textgen.sampling.filters import Logits, softmax
from textgen.sampling.mirostat import Mirostat, apply_mirostat

# Surprises of 1, 2, 3 and 3 bits.
POWERS = np.log(np.array([1 / 2, 1 / 4, 1 / 8, 1 / 8])).astype(np.float32)

vectors = arrays(np.float32, st.integers(1, 40), elements=st.floats(-30, 30, width=32))


def kept(logits: Logits) -> list[int]:
    return [int(i) for i in np.flatnonzero(np.isfinite(logits))]


@pytest.mark.parametrize(
    ("limit", "expected"),
    [(-5.0, [0]), (0.5, [0]), (1.9, [0]), (2.1, [0, 1]), (2.9, [0, 1]), (3.1, [0, 1, 2, 3])],
)
def test_tokens_up_to_the_limit_are_kept_and_the_likeliest_always(
    limit: float, expected: list[int]
) -> None:
    assert kept(apply_mirostat(POWERS, limit)) == expected


@given(vectors, st.floats(-10, 50))
def test_the_likeliest_is_kept_and_no_logit_that_is_kept_changes(
    logits: Logits, limit: float
) -> None:
    before = logits.copy()
    filtered = apply_mirostat(logits, limit)
    assert filtered.dtype == np.float32
    assert np.argmax(logits) in kept(filtered)
    np.testing.assert_array_equal(filtered[kept(filtered)], before[kept(filtered)])
    np.testing.assert_array_equal(logits, before)


@given(vectors)
def test_no_limit_changes_nothing(logits: Logits) -> None:
    np.testing.assert_array_equal(apply_mirostat(logits, np.inf), logits)


def test_limit_starts_at_twice_the_target_and_corrects_its_error() -> None:
    mirostat = Mirostat(tau=3.0, eta=0.5)
    assert mirostat.mu == 6
    mirostat.correct(5.0)
    assert mirostat.mu == 5
    mirostat.correct(1.0)
    assert mirostat.mu == 6


@pytest.mark.parametrize("tau", [2.0, 4.0])
def test_surprise_of_a_long_text_is_the_target(tau: float) -> None:
    generator = np.random.default_rng(1)
    logits = -np.log(np.arange(1, 500)).astype(np.float32)  # Zipf's law, as in the paper
    mirostat = Mirostat(tau, eta=0.1)
    heard = []
    for _ in range(1000):
        shares = softmax(apply_mirostat(logits, mirostat.mu))
        token = generator.choice(len(shares), p=shares)
        heard.append(float(-np.log2(shares[token])))
        mirostat.correct(heard[-1])
    assert np.mean(heard) == pytest.approx(tau, abs=0.1)
