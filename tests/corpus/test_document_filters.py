"""Documents are left out for their length or their words, never by luck."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textgen.config.corpus import DocumentRule
from textgen.corpus.selection.filters import DocumentFilter
from textgen.errors import DataError, UsageError

pytestmark = pytest.mark.needs("corpora")


def reason(text: str, **settings: object) -> str | None:
    rule = DocumentRule(**settings)  # type: ignore[arg-type]  # any settings
    return DocumentFilter(rule).reason(len(text), lambda: text, "a.txt:1")


def unread() -> str:
    raise AssertionError("the text was read")


@given(st.text(max_size=9), st.integers(0, 9), st.integers(0, 9))
def test_lengths_count_characters_and_both_limits_are_kept(text: str, low: int, more: int) -> None:
    why = reason(text, min_characters=low, max_characters=low + more + 1)
    assert (why is None) == (low <= len(text) <= low + more + 1)


def test_lengths_alone_read_no_text() -> None:
    judge = DocumentFilter(DocumentRule(min_characters=20, max_characters=30))
    assert judge.reason(19, unread, "a.txt:1") == "shorter than 20 characters"
    assert judge.reason(20, unread, "a.txt:1") is None
    assert judge.reason(31, unread, "a.txt:1") == "longer than 30 characters"


def test_expressions_keep_and_drop() -> None:
    both = {"keep_matching": r"\p{Greek}", "drop_matching": "(?i)draft"}
    assert reason("αβγ", **both) is None
    assert reason("abc", **both) == r"without a match of '\\p{Greek}'"
    assert reason("αβγ DRAFT", **both) == "with a match of '(?i)draft'"


def test_a_text_is_read_once_for_both_expressions() -> None:
    texts = iter(["a"])
    judge = DocumentFilter(DocumentRule(keep_matching="a", drop_matching="b"))
    assert judge.reason(1, lambda: next(texts), "a.txt:1") is None


@pytest.mark.parametrize(
    "expression", ["(a|aa)+$", "(?e)(?:hello world){e<=8}", "((a{1,1000}){1,1000}){1,1000}$"]
)
def test_a_search_without_end_is_an_error_that_names_the_document(expression: str) -> None:
    with pytest.raises(DataError, match=r"a\.txt:1: .* took more than 0\.05 s; .*regex_seconds"):
        reason("a" * 100_000 + "b", drop_matching=expression, regex_seconds=0.05)


def test_a_document_too_long_to_search_is_an_error_with_a_remedy() -> None:
    judge = DocumentFilter(DocumentRule(keep_matching="a"))
    with pytest.raises(DataError, match=r"a\.txt:1: .*16,777,217 .*documents='paragraph'"):
        judge.reason((1 << 24) + 1, unread, "a.txt:1")


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("[", "'\\[', which is no regular expression: .* at position 1"),
        ("a{99999999999999999999}", "multiply to more than"),
        ("(?:(?:(?:a{1000}){ 1000}){1000})", "multiply to more than"),
        ("a{" + "9" * 9999 + "}", "multiply to more than"),
        ("(" * 20_000, "nested too deeply"),
    ],
)
def test_what_is_no_expression_is_refused_at_once(expression: str, error: str) -> None:
    with pytest.raises(UsageError, match=f"drop_matching is .*{error}"):
        DocumentFilter(DocumentRule(drop_matching=expression))


def test_a_missing_library_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "regex", None)
    with pytest.raises(UsageError, match=r"keep_matching needs regex, .* extra 'corpora'"):
        DocumentFilter(DocumentRule(keep_matching="a"))
    assert reason("abc", min_characters=2) is None
