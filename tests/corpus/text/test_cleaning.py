"""The text policy does what it says, and counts what it does."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textgen.config.corpus import TextPolicy
from textgen.corpus.statistics import CorpusStatistics
from textgen.corpus.text.cleaning import TextCleaner, UncleanText, clean_text
from textgen.corpus.text.normalization_boundaries import is_boundary
from textgen.errors import DataError

REMOVE = TextPolicy(control_characters="remove", encoding_errors="replace")


def cleaned(text: str, policy: TextPolicy) -> tuple[str, dict[str, int]]:
    statistics = CorpusStatistics()
    return TextCleaner(policy, statistics).clean(text), dict(statistics.changes)


def test_lone_surrogate_is_an_error_that_names_the_character() -> None:
    for clean in (clean_text, lambda text, form: cleaned(text, TextPolicy(normalize=form))):
        with pytest.raises(DataError, match=r"^character 3 of the text is .*surrogate \(U\+D800\)"):
            clean("ab\ud800", "nfc")


def test_normal_forms_are_those_of_unicode() -> None:
    assert clean_text("e\u0301 ﬁ", "nfc") == unicodedata.normalize("NFC", "e\u0301 ﬁ") == "é ﬁ"
    assert clean_text("e\u0301 ﬁ", "nfkc") == "é fi"
    assert clean_text("e\u0301 ﬁ", "none") == "e\u0301 ﬁ"


@given(
    text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    form=st.sampled_from(["none", "nfc", "nfkc"]),
)
def test_corpora_are_cleaned_as_prompts_are(text: str, form: str) -> None:
    assert cleaned(text, TextPolicy(normalize=form))[0] == clean_text(text, form)


@pytest.mark.parametrize(
    "text",
    [
        "שָׁלוֹם עולם \u200fאבג\u200e abc",
        "السَّلَامُ عَلَيْكُمْ \u202bنص\u202c",
        "हिन्दी में ज़िन्दगी क्षेत्र".replace("ज़", "ज\u093c"),
        "Ti\u1ebfng Vi\u1ec7t, \u0254\u0303 \u0301",
        "漢字かなカナ 한국어 ﬀ ｶﾞ",
        "👩\u200d👩\u200d👧 🏳\ufe0f\u200d🌈 👍🏽",
        "def f(x):\n\treturn x  # \x0c\x1b[0m\n",
    ],
)
def test_every_script_and_code_pass_unchanged(text: str) -> None:
    assert cleaned(text, TextPolicy()) == (text, {})


def test_every_change_is_counted() -> None:
    text, changes = cleaned("a\r\nb\rc\0\x07\td\x85\ud800\ndef\ne\u0301e\u0301\n", REMOVE)
    assert text == "a\nb\nc\td\ufffd\ndef\néé\n"
    assert changes == {
        "CRLF line ends turned into LF": 1,
        "lone CR line ends turned into LF": 1,
        "control characters taken out": 3,
        "lone surrogates replaced by U+FFFD": 1,
        "lines changed by NFC": 1,
    }


def test_controls_are_the_category_of_unicode_without_tab_and_line_feed() -> None:
    controls = {c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c) == "Cc"}
    assert cleaned("".join(sorted(controls - {"\r"})), REMOVE)[0] == "\t\n"


def test_controls_other_than_nul_are_kept_by_default() -> None:
    assert cleaned("a\x01\x0c\x7f", TextPolicy()) == ("a\x01\x0c\x7f", {})
    with pytest.raises(UncleanText, match=r"NUL.*encoding='auto'") as caught:
        cleaned("a\r\nb\0", TextPolicy())
    assert caught.value.position == 3


def test_line_that_comes_in_parts_counts_once() -> None:
    statistics = CorpusStatistics()
    cleaner = TextCleaner(TextPolicy(), statistics)
    files = ["e\u0301", " plain", " e\u0301\n", "e\u0301\nplain", " e\u0301"]
    for number, file in enumerate(files):
        cleaner.clean(file, continues=number > 0 and not files[number - 1].endswith("\n"))
    assert statistics.changes["lines changed by NFC"] == 3


def test_characters_that_begin_anew_join_none_before_them() -> None:
    everything = [chr(code) for code in range(sys.maxunicode + 1)]
    pairs = [unicodedata.decomposition(c).split() for c in everything]
    joining = {chr(int(pair[1], 16)) for pair in pairs if len(pair) == 2 and "<" not in pair[0]}
    joining |= {chr(code) for code in [*range(0x1160, 0x1200), *range(0xD7B0, 0xD800)]}
    joining |= {c for c in everything if unicodedata.combining(c)}
    beginning = {c for c in everything if is_boundary(c)}
    assert not {c for c in beginning if unicodedata.normalize("NFKD", c)[0] in joining}
    assert beginning >= set("aZ 0~éя漢がカ한ग가ก👍")
