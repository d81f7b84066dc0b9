"""Candidates lose what is impossible, and find tokens among themselves."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from textgen.sampling.candidates import Candidates


def test_candidates_that_became_impossible_are_gone() -> None:
    before = Candidates(np.array([2, 5, 7]), np.array([1, 2, 3], np.float32))
    after = before.with_logits(np.array([4, -np.inf, 6], np.float32))
    assert after.ids.tolist() == [2, 7]
    assert after.logits.tolist() == [4, 6]
    assert before.ids.tolist() == [2, 5, 7]


@given(st.sets(st.integers(0, 20), min_size=1), st.lists(st.integers(-1, 25)))
def test_tokens_are_found_where_they_are(ids: set[int], tokens: list[int]) -> None:
    candidates = Candidates(np.array(sorted(ids)), np.zeros(len(ids), np.float32))
    at, found = candidates.find(np.array(tokens, np.int64))
    assert found.tolist() == [place for place, token in enumerate(tokens) if token in ids]
    assert candidates.ids[at].tolist() == [token for token in tokens if token in ids]
