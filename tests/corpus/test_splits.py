"""Splits: nanoGPT's cut for one document, a hash for several, names where there are names."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textgen.config.corpus import SPLITS
from textgen.corpus.splits import Survey, assign_splits, choose_split
from textgen.errors import UsageError

digests = st.integers(0, 2**64 - 1)


def survey(*documents: tuple[int, str | None], characters: int = 10) -> Survey:
    named = [-1 if split is None else SPLITS.index(split) for _, split in documents]
    values = [digest for digest, _ in documents]
    return Survey(np.array(named, np.int8), np.array(values, np.uint64), characters)


def splits(values: list[int], validation: float = 0.1) -> list[str]:
    cut = assign_splits(survey(*((value, None) for value in values)), validation)
    return [SPLITS[span] for span in cut.spans]


def test_one_document_is_cut_where_nanogpt_cuts_it() -> None:
    cut = assign_splits(survey((1, None), characters=1_115_394), 0.1)
    assert cut.divided == (0, 1_003_854)
    assert [SPLITS[span] for span in cut.spans] == ["train", "validation"]


@given(st.lists(digests, min_size=2, max_size=50))
def test_several_documents_are_whole_and_some_are_held_out_but_not_all(values: list[int]) -> None:
    assert assign_splits(survey(*((v, None) for v in values)), 0.1).divided is None
    assert len(splits(values)) == len(values)
    assert len(set(splits(values))) == min(2, len(set(values)))  # equal ones cannot be parted


@given(st.lists(digests, min_size=2, max_size=20), st.lists(digests, max_size=20))
def test_adding_documents_moves_none(values: list[int], added: list[int]) -> None:
    values = [0, *values, 2**64 - 1]  # whose sides are always these: the fallbacks do not matter
    assert splits(values) == splits(values + added)[: len(values)]


def test_equal_documents_fall_on_one_side() -> None:
    for digest in (5, 2**63):
        assert len(set(splits([digest, digest, 2**64 - 1])[:2])) == 1


def test_share_held_out_is_near_the_share_asked_for() -> None:
    step = 2**64 // 1000
    assert 95 <= splits([i * step for i in range(1000)]).count("validation") <= 105


def test_named_files_keep_their_splits() -> None:
    cut = assign_splits(survey((1, "train"), (2, "validation"), (3, "test")), 0.1)
    assert cut.divided is None
    assert [SPLITS[span] for span in cut.spans] == ["train", "validation", "test"]


def test_training_file_beside_a_test_file_is_cut() -> None:
    cut = assign_splits(survey((1, "train"), (2, "test")), 0.1)
    assert cut.divided == (0, 9)
    assert [SPLITS[span] for span in cut.spans] == ["train", "validation", "test"]


def test_test_documents_are_never_held_out_for_validation() -> None:
    cut = assign_splits(survey((2**63, None), (2**62, "train"), (0, "test")), 0.1)
    assert [SPLITS[span] for span in cut.spans] == ["train", "validation", "test"]


def test_choosing_all_takes_everything_and_an_empty_split_is_refused() -> None:
    found = survey((1, "train"), (2, "validation"))
    cut, file = choose_split(found, "all", 0.1)
    assert [SPLITS[span] for span in cut.spans] == [file, file]
    assert choose_split(found, "validation", 0.1)[1] == "validation"
    with pytest.raises(UsageError, match="test split of this corpus is empty"):
        choose_split(found, "test", 0.1)
    with pytest.raises(UsageError, match="must be one of all, train"):
        choose_split(found, "dev", 0.1)
