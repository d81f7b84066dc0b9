"""What is to be evaluated on is found in what is to be trained on, and nothing else is."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from textgen.corpus.selection import decontamination
from textgen.corpus.selection.decontamination import RUN, EvaluationTexts
from textgen.corpus.selection.words import find_words

# Few words and long documents, so that runs are shared often, but not always.
DOCUMENTS = st.lists(st.sampled_from(["a", "B!", "c,", "码", "d"]), max_size=60).map(" ".join)
RUN_OF_WORDS = " ".join(f"word{number}" for number in range(RUN))


def runs(text: str) -> set[tuple[str, ...]]:
    """Return every run of a document, or all its words if they are fewer."""
    words = find_words(text)
    if len(words) < RUN:
        return {tuple(words)} - {()}
    return {tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1)}


def cut(text: str, places: list[int]) -> Iterator[str]:
    """Yield a text in pieces."""
    edges = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return (text[start:stop] for start, stop in pairwise(edges))


@given(st.lists(DOCUMENTS, max_size=4), DOCUMENTS, st.lists(st.integers(0, 200), max_size=6))
def test_a_document_shares_words_just_if_a_search_of_all_runs_says_so(
    held: list[str], document: str, places: list[int]
) -> None:
    found = EvaluationTexts(cut(text, places) for text in held).shared(cut(document, places))
    shared = runs(document) & set().union(*map(runs, held))
    assert (found is not None) == bool(shared)
    assert found is None or tuple(found.split()) in shared


@given(DOCUMENTS, st.integers(0, 40), st.integers(0, 40))
def test_a_document_with_a_held_run_in_it_is_always_found(text: str, start: int, more: int) -> None:
    held = f"before {RUN_OF_WORDS} after"
    document = f"{text[:start]} {RUN_OF_WORDS.upper()} {text[more:]}"
    assert EvaluationTexts([[held]]).shared([document]) is not None


def test_the_first_shared_words_are_told() -> None:
    texts = EvaluationTexts([[f"Once, {RUN_OF_WORDS}."], ["Call me Ishmael"]])
    assert texts.shared([f"x y z {RUN_OF_WORDS} then"]) == RUN_OF_WORDS
    assert texts.shared(["call me, Ishmael!"]) == "call me ishmael"


def test_a_run_does_not_go_on_from_one_document_into_the_next() -> None:
    words = RUN_OF_WORDS.split()
    texts = EvaluationTexts([[" ".join(words[:6])], [" ".join(words[6:])]])
    assert texts.shared([RUN_OF_WORDS]) is None


def test_a_short_document_is_not_found_in_a_longer_one() -> None:
    assert EvaluationTexts([["Call me Ishmael"]]).shared(["Call me Ishmael. Some years"]) is None
    assert EvaluationTexts([[f"{RUN_OF_WORDS} x"]]).shared([RUN_OF_WORDS[:-7]]) is None


def test_texts_without_words_share_nothing() -> None:
    assert EvaluationTexts([["…"], []]).shared(["…"]) is None
    assert EvaluationTexts([]).shared([RUN_OF_WORDS]) is None


@given(st.lists(DOCUMENTS, max_size=4), DOCUMENTS)
def test_hashes_that_collide_find_nothing_false(held: list[str], document: str) -> None:
    def all_alike(hashes: NDArray[np.uint64], length: int) -> NDArray[np.uint64]:
        return np.zeros(max(len(hashes) - length + 1, 0), np.uint64)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decontamination, "hash_windows", all_alike)
        found = EvaluationTexts([text] for text in held).shared([document])
    assert found is None or tuple(found.split()) in runs(document) & set().union(*map(runs, held))


def test_a_run_is_found_wherever_it_lies_in_a_long_document() -> None:
    texts = EvaluationTexts([[RUN_OF_WORDS]])
    for at in range(decontamination.STRETCH - 2 * RUN, decontamination.STRETCH + RUN, 5):
        document = f"{'x ' * at} {RUN_OF_WORDS} {'y ' * at}"
        pieces = [document[start : start + 999] for start in range(0, len(document), 999)]
        assert texts.shared(pieces) == EvaluationTexts([pieces]).shared([RUN_OF_WORDS])
        assert texts.shared(pieces) == RUN_OF_WORDS
