"""Counts over ids, and the distribution of lengths, are those of the documents one by one."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textgen.report import token_counts
from textgen.report.lengths import BINS, Lengths, bin_edges

documents = st.lists(st.lists(st.integers(1, 9), max_size=12), max_size=30)


def joined(texts: list[list[int]]) -> token_counts.Ids:
    """Return documents as a split holds them."""
    return np.array([token for text in texts for token in (*text, 0)], np.uint16)


@given(documents, st.integers(1, 20), st.sets(st.integers(0, 29)))
def test_chunks_of_any_size_give_the_same_counts(
    texts: list[list[int]], chunk: int, numbers: set[int]
) -> None:
    ids = joined(texts)
    wanted = np.array(sorted(n for n in numbers if n < len(texts)), np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(token_counts, "CHUNK", chunk)
        types = token_counts.count_types(ids, 10)
        lengths = token_counts.count_lengths(ids)
        found = list(token_counts.find_documents(ids, wanted))
    assert types.tolist() == [ids.tolist().count(token) for token in range(10)]
    assert lengths == Counter(len(text) + 1 for text in texts)
    assert [ids[begin:end].tolist() for begin, end in found] == [texts[n] for n in wanted]


@given(st.dictionaries(st.integers(1, 10**6), st.integers(1, 50), min_size=1, max_size=20))
def test_distribution_is_that_of_all_lengths(counts: dict[int, int]) -> None:
    every = sorted(Counter(counts).elements())
    lengths = Lengths.of(counts)
    assert (lengths.minimum, lengths.maximum) == (every[0], every[-1])
    assert lengths.mean == pytest.approx(sum(every) / len(every))
    for share, value in ((0.5, lengths.median), (0.9, lengths.p90)):
        assert value == np.quantile(every, share, method="inverted_cdf")
    for (low, above), held in zip(pairwise(lengths.edges), lengths.documents, strict=True):
        assert held == sum(low <= length < above for length in every)
    assert sum(lengths.documents) == len(every)


@given(st.integers(1, 10**6), st.integers(0, 10**7), st.integers(1, BINS))
def test_bins_hold_all_lengths_and_never_get_narrower(smallest: int, more: int, bins: int) -> None:
    edges = bin_edges(smallest, smallest + more, bins)
    assert edges[0] == smallest
    assert edges[-2] <= smallest + more < edges[-1]
    widths = [above - low for low, above in pairwise(edges)]
    assert widths == sorted(widths)
    assert len(widths) <= 1.5 * bins + 1
