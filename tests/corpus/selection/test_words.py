"""Words are those of the language, and where a text was cut does not matter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textgen.corpus.selection.words import (
    LONGEST_WORD,
    find_words,
    hash_windows,
    hash_words,
    read_words,
)

# Letters with marks, two scripts without spaces, capitals that fold to two, and what files words.
SIGNS = st.sampled_from("aBßİé\u0301 \n.,'-_🚢घाटกิ码頭カ\U00020000") | st.characters(codec="utf-8")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The QUICK, brown-fox!", ["the", "quick", "brown", "fox"]),
        ("घाट पर दीये", ["घाट", "पर", "दीये"]),
        ("أُضيئت المصابيح", ["أُضيئت", "المصابيح"]),
        ("老船长说:fog。カ", ["老", "船", "长", "说", "fog", "カ"]),
        ("등불이 켜졌다", ["등불이", "켜졌다"]),
        ("… 🚢 — !", []),
    ],
)
def test_a_word_is_a_run_of_letters_or_one_ideograph(text: str, words: list[str]) -> None:
    assert find_words(text) == words


@given(st.lists(st.text(SIGNS, max_size=20), max_size=8))
def test_words_do_not_depend_on_where_a_text_is_cut(pieces: list[str]) -> None:
    found = [word for words in read_words(pieces) for word in words]
    assert found == find_words("".join(pieces))


@pytest.mark.parametrize("size", [1, LONGEST_WORD, 1 << 12])
def test_a_word_without_end_is_cut_at_the_same_places_in_any_pieces(size: int) -> None:
    text = "x" * 10_000
    pieces = (text[start : start + size] for start in range(0, len(text), size))
    assert [word for words in read_words(pieces) for word in words] == find_words(text)
    assert max(map(len, find_words(text))) == LONGEST_WORD


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=40), st.integers(1, 13))
def test_windows_have_equal_hashes_where_their_words_are_equal(words: list[str], size: int) -> None:
    hashes = hash_windows(hash_words(words), size)
    windows = [tuple(words[at : at + size]) for at in range(len(words) - size + 1)]
    assert len(hashes) == len(windows)
    assert len(set(hashes.tolist())) == len(set(windows))
    assert len(set(zip(hashes.tolist(), windows, strict=True))) == len(set(windows))
