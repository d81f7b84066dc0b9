"""Copies are found, the first of each stays, and unlike documents are let alone."""

import os
import random
import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textgen.corpus.selection.duplicates import first_copies, near_copies
from textgen.errors import UsageError

pytestmark = pytest.mark.needs("corpora")

WORDS = [f"word{number}" for number in range(2_000)]
TEXTS = st.lists(st.sampled_from([*"abcd", "码", "."]), max_size=12).map(" ".join)
CHINESE = "码头上的灯亮了老船长说今晚有雾明天再走孩子们数着船海鸥在桅杆上叫潮水慢慢退去"

COMPARED = """
import random
from textgen.corpus.selection.duplicates import near_copies
draw = random.Random(3)
texts = [" ".join(draw.choices("abcdef", k=12)) for _ in range(400)]
print(near_copies(texts, 0.4).tolist())
"""


def words(seed: int, count: int) -> list[str]:
    return random.Random(seed).choices(WORDS, k=count)


def changed(text: Sequence[str], every: int) -> list[str]:
    """Return words of which one in so many is another."""
    return [f"new{at}" if at % every == every // 2 else word for at, word in enumerate(text)]


@given(st.lists(st.binary(min_size=2, max_size=2)))
def test_the_first_of_equal_digests_is_found(digests: list[bytes]) -> None:
    first: dict[bytes, int] = {}
    expected = [first.setdefault(digest, at) for at, digest in enumerate(digests)]
    keys = np.array([digest.ljust(16) for digest in digests], "S16").view("V16")
    assert first_copies(keys).tolist() == expected


@given(st.lists(TEXTS), st.sampled_from([0.3, 0.8, 1.0]))
def test_exact_copies_are_always_found_and_the_first_stands_for_its_group(
    texts: list[str], similarity: float
) -> None:
    copies = near_copies(texts, similarity)
    assert (copies <= np.arange(len(texts))).all()
    assert (copies[copies] == copies).all()
    for at, text in enumerate(texts):
        assert copies[at] == copies[texts.index(text)]


@given(st.integers(0, 10_000))
def test_documents_without_a_word_in_common_are_never_copies(seed: int) -> None:
    draw = random.Random(seed)
    shuffled = draw.sample(WORDS, 400)
    texts = []
    while shuffled:
        size = draw.randint(1, 40)
        texts.append(" ".join(shuffled[:size]))
        del shuffled[:size]
    assert near_copies(texts, 0.3).tolist() == list(range(len(texts)))


@given(st.integers(0, 10_000))
def test_a_text_with_a_word_changed_in_a_hundred_is_found(seed: int) -> None:
    text = words(seed, 1_000)  # Jaccard similarity 0.90
    others = [" ".join(words(seed + other, 1_000)) for other in (1, 2)]
    texts = [others[0], " ".join(text), others[1], " ".join(changed(text, 100)).upper()]
    assert near_copies(texts, 0.8).tolist() == [0, 1, 2, 1]


def test_a_text_with_a_word_changed_in_ten_is_another() -> None:
    text = words(0, 1_000)  # Jaccard similarity 0.33
    assert near_copies([" ".join(text), " ".join(changed(text, 10))], 0.8).tolist() == [0, 1]


def test_copies_of_copies_are_one_group() -> None:
    chain = [words(0, 1_000)]
    for step in range(8):
        chain.append(
            ["other"] * 60 + chain[-1][60:] if not step else chain[-1][60:] + words(step, 60)
        )
    texts = [" ".join(text) for text in chain]
    assert near_copies([texts[0], texts[-1]], 0.8).tolist() == [0, 1]
    assert set(near_copies(texts, 0.8).tolist()) == {0}


def test_chinese_is_compared_by_its_characters() -> None:
    other = CHINESE.replace("慢慢退去", "又涨了")
    assert near_copies([CHINESE, other, CHINESE[::-1]], 0.7).tolist() == [0, 0, 2]


def test_documents_of_few_words_are_copies_only_if_they_are_equal() -> None:
    texts = ["Anna", "anna", "Anna!", "Anna", "!", "?", "", "!"]
    assert near_copies(texts, 0.3).tolist() == [0, 1, 2, 0, 4, 5, 6, 4]


def test_a_crowd_of_unlike_documents_hides_no_exact_copy() -> None:
    frame = words(1, 60)
    crowd = [" ".join([*frame, *words(seed, 25)]) for seed in range(2, 600)]
    assert near_copies([*crowd, crowd[-1]], 0.8)[-1] == len(crowd) - 1


def test_no_documents_have_no_copies() -> None:
    assert near_copies([], 0.8).shape == first_copies(np.array([], "V16")).shape == (0,)


def test_another_process_finds_the_same_copies() -> None:
    def run(seed: str) -> str:
        environment = os.environ | {"PYTHONHASHSEED": seed}
        return subprocess.check_output([sys.executable, "-c", COMPARED], env=environment, text=True)

    assert run("1") == run("2")


def test_a_missing_library_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rensa", None)
    with pytest.raises(UsageError, match=r"near copies needs rensa, .* extra 'corpora'"):
        near_copies(["a"], 0.8)
