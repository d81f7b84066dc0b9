"""Batches walk along contiguous streams and leave nothing of the text out for good."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from textgen.config.tokens import EOS_ID
from textgen.errors import DataError
from textgen.trainer.batches import Batches, Order


@given(
    length=st.integers(40, 400),
    batch_size=st.integers(1, 5),
    window=st.integers(1, 8),
    seed=st.integers(0, 99),
    epoch=st.integers(0, 5),
)
def test_windows_follow_each_other_along_every_stream(
    length: int, batch_size: int, window: int, seed: int, epoch: int
) -> None:
    tokens = np.arange(length, dtype=np.uint16)
    batches = Batches(tokens, batch_size=batch_size, window=window, reset=0, seed=seed)
    windows = [array for array, _ in batches.epoch(epoch)]
    windows[0][:, 0] = (windows[0][:, 1] - 1) % length  # where <eos> stands
    assert len(windows) == batches.steps_per_epoch == length // (batch_size * window)
    for array in windows:
        assert array.shape == (batch_size, window + 1)
        assert (np.diff(array) % length == 1).all()
    for before, after in itertools.pairwise(windows):
        assert (before[:, -1] == after[:, 0]).all()
    inputs = np.concatenate([array[:, :-1] for array in windows], axis=1)
    assert len(np.unique(inputs)) == inputs.size  # nothing twice in an epoch


@given(
    ends=st.lists(st.integers(2, 40), min_size=3, max_size=20),
    batch_size=st.integers(1, 4),
    window=st.integers(1, 6),
    epoch=st.integers(0, 3),
    shuffle=st.booleans(),
    data=st.data(),
)
def test_epoch_from_a_window_on_is_the_rest_of_the_epoch(
    ends: list[int], batch_size: int, window: int, epoch: int, shuffle: bool, data: st.DataObject
) -> None:
    tokens = np.concatenate([[*range(1, end), EOS_ID] for end in ends]).astype(np.uint16)
    assume(len(tokens) >= batch_size * window)
    batches = Batches(
        tokens, batch_size=batch_size, window=window, reset=0.3, seed=5, shuffle=shuffle
    )
    start = data.draw(st.integers(0, batches.steps_per_epoch))
    whole, rest = list(batches.epoch(epoch)), list(batches.epoch(epoch, start))
    assert len(rest) == len(whole) - start
    for one, other in zip(whole[start:], rest, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


def test_epochs_are_turned_differently_and_a_seed_repeats_them() -> None:
    tokens = np.arange(1000, dtype=np.uint16)
    one, same = (Batches(tokens, batch_size=2, window=5, reset=0, seed=1) for _ in range(2))
    first = [next(one.epoch(number))[0][0, 1] for number in range(5)]
    assert len(set(first)) == 5
    assert first == [next(same.epoch(number))[0][0, 1] for number in range(5)]


def test_streams_begin_afresh_with_eos_at_first_and_now_and_then() -> None:
    batches = Batches(np.full(60_000, 7, np.uint16), batch_size=10, window=6, reset=0.1, seed=1)
    marks = []
    for tokens, fresh in batches.epoch(0):
        assert (tokens[:, 0] == np.where(fresh, EOS_ID, 7)).all()
        assert (tokens[:, 1:] == 7).all()
        marks.append(fresh)
    assert marks[0].all()
    assert 0.08 < np.mean(marks[1:]) < 0.12


def test_counts_are_those_of_the_tokens() -> None:
    tokens = np.array([3, 1, 3, 3, 0, 1], np.uint16)
    batches = Batches(tokens, batch_size=1, window=2, reset=0, seed=0)
    assert batches.counts(6).tolist() == [1, 2, 0, 3, 0, 0]


def test_too_short_corpus_names_the_remedy() -> None:
    with pytest.raises(DataError, match=r"5 tokens .* 2 streams of 3 .* smaller batch_size"):
        Batches(np.zeros(5, np.uint16), batch_size=2, window=3, reset=0, seed=0)


def test_documents_come_whole_in_a_new_order_each_epoch() -> None:
    # Document n holds n, n times, and its end; EOS_ID is 0.
    tokens = np.concatenate([[n] * n + [EOS_ID] for n in range(1, 41)]).astype(np.uint16)
    batches = Batches(tokens, batch_size=1, window=20, reset=0, seed=3, shuffle=True)
    orders = []
    for epoch in (0, 1):
        text = np.concatenate([array[0, 1:] for array, _ in batches.epoch(epoch)])
        ends = np.flatnonzero(text == EOS_ID)
        whole = [part[1:].tolist() for part in np.split(text, ends)[1:-1]]
        assert all(part == [len(part)] * len(part) for part in whole)
        orders.append([len(part) for part in whole])
    assert len(set(orders[0])) == len(orders[0]) > 30
    assert orders[0] != orders[1] != sorted(orders[1])
    again = Batches(tokens, batch_size=1, window=20, reset=0, seed=3, shuffle=True)
    for (one, _), (other, _) in zip(batches.epoch(1), again.epoch(1), strict=True):
        np.testing.assert_array_equal(one, other)


@given(ends=st.lists(st.integers(1, 9), min_size=1, max_size=30), seed=st.integers(0, 99))
def test_shuffled_places_are_a_rearrangement(ends: list[int], seed: int) -> None:
    order = Order(np.cumsum(ends), np.random.default_rng(seed))
    places = order.places(np.arange(sum(ends)))
    assert sorted(places.tolist()) == list(range(sum(ends)))
