"""Splits: nanoGPT's cut for one document, a hash for several, names where there are names."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from textgen.tokenization.splits import Document, Span, assign_splits

digests = st.integers(0, 2**64 - 1)


def document(digest: int, characters: int = 10, split: str | None = None) -> Document:
    return Document(Path(f"{digest}.txt"), split, characters, digest)


def validation(spans: list[Span]) -> set[Path]:
    return {span.document.path for span in spans if span.split == "validation"}


def test_one_document_is_cut_where_nanogpt_cuts_it() -> None:
    spans, _ = assign_splits([document(1, 1_115_394)], 0.1)
    assert [(s.split, s.start, s.stop) for s in spans] == [
        ("train", 0, 1_003_854),
        ("validation", 1_003_854, 1_115_394),
    ]


@given(st.lists(digests, min_size=2, max_size=50))
def test_several_documents_are_whole_and_some_are_held_out(values: list[int]) -> None:
    spans, _ = assign_splits([document(v) for v in values], 0.1)
    assert [(s.start, s.stop) for s in spans] == [(0, 10)] * len(values)
    assert validation(spans)


@given(st.lists(digests, min_size=2, max_size=20), st.lists(digests, max_size=20))
def test_adding_documents_moves_none(values: list[int], added: list[int]) -> None:
    values = [0, *values]  # one that is always held out: the fallback does not matter
    before, _ = assign_splits([document(v) for v in values], 0.1)
    after, _ = assign_splits([document(v) for v in values + added], 0.1)
    assert validation(before) == validation(after[: len(values)])


def test_equal_documents_fall_on_one_side() -> None:
    for digest in (5, 2**63):
        spans, _ = assign_splits([document(digest), document(digest), document(2**64 - 1)], 0.1)
        assert len({span.split for span in spans[:2]}) == 1


def test_share_held_out_is_near_the_share_asked_for() -> None:
    step = 2**64 // 1000
    spans, _ = assign_splits([document(i * step) for i in range(1000)], 0.1)
    assert 95 <= sum(span.split == "validation" for span in spans) <= 105


def test_named_files_keep_their_splits() -> None:
    named = [document(1, split="train"), document(2, split="validation"), document(3, split="test")]
    spans, _ = assign_splits(named, 0.1)
    assert [span.split for span in spans] == ["train", "validation", "test"]
    assert all(span.stop == 10 for span in spans)


def test_training_file_beside_a_test_file_is_cut() -> None:
    spans, _ = assign_splits([document(1, split="train"), document(2, split="test")], 0.1)
    assert [(s.split, s.start, s.stop) for s in spans] == [
        ("train", 0, 9),
        ("validation", 9, 10),
        ("test", 0, 10),
    ]
