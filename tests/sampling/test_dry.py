"""DRY: written-out cases, and repetitions as one finds them by looking at all places."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from textgen.sampling.dry import Repetitions, apply_dry, breaker_tokens
from textgen.sampling.filters import Logits

texts = st.lists(st.integers(0, 3), max_size=40)
sizes = st.integers(1, 30)
breakers = st.frozensets(st.integers(0, 3), max_size=2)


def longest(repetitions: Repetitions, shortest: int = 0) -> dict[int, int]:
    """Return the longest repetition that each token would go on with."""
    found: dict[int, int] = {}
    for token, length in zip(*repetitions.extended(shortest), strict=True):
        found[int(token)] = max(int(length), found.get(int(token), 0))
    return found


def by_looking(text: list[int], size: int, broken: frozenset[int], shortest: int) -> dict[int, int]:
    """Compare the end of the window with what stands before each of its tokens, one by one."""
    window = text[-size:]
    found: dict[int, int] = {}
    for place, token in enumerate(window):
        length = 0
        while (
            length < place
            and window[place - 1 - length] == window[-1 - length]
            and window[-1 - length] not in broken
        ):
            length += 1
        if token not in broken and length >= shortest:
            found[token] = max(length, found.get(token, 0))
    return found


@given(texts, texts, sizes, breakers, st.integers(0, 5))
def test_repetitions_are_those_that_one_finds_by_looking(
    before: list[int], after: list[int], size: int, broken: frozenset[int], shortest: int
) -> None:
    repetitions = Repetitions(size, broken, before)
    assert longest(repetitions, shortest) == by_looking(before, size, broken, shortest)
    for number, token in enumerate(after, 1):
        repetitions.append(token)
        text = before + after[:number]
        assert longest(repetitions, shortest) == by_looking(text, size, broken, shortest)


def test_token_that_followed_before_would_go_on_with_the_repetition() -> None:
    # 1 2 3 4 came before, and the end is 1 2 3; 5 1 2 9 came, too.
    text = [1, 2, 3, 4, 5, 1, 2, 9, 1, 2, 3]
    assert longest(Repetitions(100, frozenset(), text), 1) == {4: 3}
    assert longest(Repetitions(100, frozenset(), text[:-1]), 1) == {3: 2, 9: 2}


def test_no_repetition_crosses_a_breaker_or_goes_on_with_one() -> None:
    text = [1, 2, 3, 4, 1, 2, 3]
    assert longest(Repetitions(100, frozenset([2]), text), 1) == {4: 1}
    assert longest(Repetitions(100, frozenset([3]), text), 1) == {}
    assert longest(Repetitions(100, frozenset([4]), text), 1) == {}


def test_window_is_as_long_as_told() -> None:
    text = [1, 2, 3, 4, 1, 2, 3]
    assert longest(Repetitions(6, frozenset(), text), 1) == {4: 2}
    assert longest(Repetitions(3, frozenset(), text), 1) == {}


def test_long_monotonous_prompt_is_read_in_linear_time_and_to_its_end() -> None:
    repetitions = Repetitions(100_000, frozenset(), [7] * 200_000)
    assert longest(repetitions) == {7: 99_999}


def test_memory_does_not_grow_with_the_text() -> None:
    repetitions = Repetitions(64, frozenset([5]), [])
    tracemalloc.start()
    for number in range(5_000):
        repetitions.append(number % 7)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used < 5_000


def row(*values: float) -> Logits:
    return np.array(values, np.float32)


def ids(*values: int) -> NDArray[np.int64]:
    return np.array(values, np.int64)


def test_penalty_grows_with_the_length_beyond_what_is_allowed() -> None:
    penalized = apply_dry(row(1, 1, 1, 1), ids(0, 1, 3), ids(0, 1, 3), 0.5, 2.0)
    np.testing.assert_array_equal(penalized, row(0.5, 0, 1, -3))


def test_of_a_repeated_token_the_longest_repetition_counts() -> None:
    for excess in (ids(0, 3), ids(3, 0)):
        penalized = apply_dry(row(1, 1), ids(1, 1), excess, 0.5, 2.0)
        np.testing.assert_array_equal(penalized, row(1, -3))


vectors = arrays(np.float32, 6, elements=st.floats(-30, 30, width=32))
excesses = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1 << 20)), max_size=8)


@given(vectors, excesses, st.floats(0, 100), st.floats(1, 10))
def test_penalty_only_lowers_and_all_stays_finite(
    logits: Logits, pairs: list[tuple[int, int]], multiplier: float, base: float
) -> None:
    before = logits.copy()
    at, excess = ids(*(pair[0] for pair in pairs)), ids(*(pair[1] for pair in pairs))
    penalized = apply_dry(logits, at, excess, multiplier, base)
    assert penalized.dtype == np.float32
    assert np.isfinite(penalized).all()
    assert (penalized <= before).all()
    untouched = np.setdiff1d(np.arange(6), at)
    np.testing.assert_array_equal(penalized[untouched], before[untouched])
    np.testing.assert_array_equal(logits, before)


@given(vectors, excesses)
def test_neutral_multiplier_changes_nothing(logits: Logits, pairs: list[tuple[int, int]]) -> None:
    at, excess = ids(*(pair[0] for pair in pairs)), ids(*(pair[1] for pair in pairs))
    np.testing.assert_array_equal(apply_dry(logits, at, excess, 0.0, 2.0), logits)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["\n"], {1, 2}),
        ([":", '"'], {3}),
        (["é"], {4}),
        (["\n\n"], {2}),
        (["##"], set()),
        ([], set()),
    ],
)
def test_breakers_are_the_tokens_that_contain_one(texts: list[str], expected: set[int]) -> None:
    tokens = [b"a", b"\n", b".\n\n", b'b":', "né".encode(), b"\xc3", b"#"]
    assert breaker_tokens(texts, tokens) == expected
