"""Counts of recent tokens are those of the text's end, however it came in."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textgen.sampling.token_counts import RecentTokenCounts

tokens = st.lists(st.integers(0, 4), max_size=20)


@given(tokens, tokens, st.integers(-1, 25))
def test_counts_are_those_of_the_last_tokens(
    before: list[int], after: list[int], size: int
) -> None:
    recent = RecentTokenCounts(size, 5, before)
    whole = before + after
    for token in after:
        recent.append(token)
    last = whole if size < 0 else whole[max(len(whole) - size, 0) :]
    assert recent.counts.tolist() == [last.count(token) for token in range(5)]
    assert recent.distinct().tolist() == sorted(set(last))


def test_array_of_counts_is_one_and_the_same() -> None:
    recent = RecentTokenCounts(2, 3, np.array([1, 2], np.int64))
    counts = recent.counts
    recent.append(0)
    assert counts.tolist() == [1, 0, 1]


@pytest.mark.parametrize("size", [-1, 64])
def test_memory_does_not_grow_with_the_text(size: int) -> None:
    recent = RecentTokenCounts(size, 300, range(200))
    tracemalloc.start()
    for number in range(50_000):
        recent.append(number % 300)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used < 20_000
