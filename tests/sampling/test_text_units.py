"""A text ends with its first line, paragraph or sentence, however it arrives."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sampling.pieces import cut, run
from textgen.config.generation import UNITS
from textgen.sampling.stopping import StopFilter
from textgen.sampling.text_units import UNIT_CLASSES

# Text full of what can end a unit, and of what looks like it.
texts = st.lists(
    st.one_of(
        st.sampled_from(
            ("\n", "\n \t\n", " ", ". ", ".", "!", "?", "…", '."', ").", "。", "」", "“")
        ),
        st.sampled_from(("a", "B", "3", "é", "漢", "— ", "«", "\u00a0", "e.g. this")),
        st.text(max_size=3),
    ),
    max_size=20,
).map("".join)


def test_every_unit_of_the_settings_is_known() -> None:
    assert set(UNIT_CLASSES) == set(UNITS)


@given(st.data(), texts, st.sampled_from(UNITS))
def test_what_passes_is_the_same_beginning_of_the_text_however_it_is_cut(
    data: st.DataObject, text: str, unit: str
) -> None:
    whole, stopped = run(StopFilter([], unit), [text])
    assert run(StopFilter([], unit), data.draw(cut(text))) == (whole, stopped)
    assert text.startswith(whole)
    assert stopped or whole == text


@given(st.data(), texts, texts, st.sampled_from(UNITS))
def test_no_unit_ends_in_text_that_may_not_stop(
    data: st.DataObject, first: str, rest: str, unit: str
) -> None:
    stopping = StopFilter([], unit)
    for piece in data.draw(cut(first)):
        assert stopping.push(piece, may_stop=False) == piece
    # Of the text before, only that it was not all white counts.
    expected, stopped = run(StopFilter([], unit), ["x" * bool(first.strip()) + rest])
    shown = "x" * bool(first.strip()) + run(stopping, data.draw(cut(rest)))[0]
    assert (shown, stopping.stopped) == (expected, stopped)


@given(texts)
def test_a_line_ends_before_the_line_feed_behind_some_text(text: str) -> None:
    assert run(StopFilter([], "line"), [text])[0] == re.match(r"\s*[^\n]*", text)[0]  # type: ignore[index]  # it matches every text


@given(texts)
def test_a_paragraph_ends_before_the_blank_line_behind_some_text(text: str) -> None:
    pattern = re.compile(r"\s*(?:[^\n]|\n(?![ \t]*\n))*")
    assert run(StopFilter([], "paragraph"), [text])[0] == pattern.match(text)[0]  # type: ignore[index]  # it matches every text


@pytest.mark.parametrize(
    "text",
    [
        "It rained.| It stopped.",
        " It rained!|\nIt stopped.",
        "“Did it?”| He looked.",
        'He said "No."| Then he left.',
        "(It rained.)| Then",
        "»Halt.«| Danach",
        "„Halt.“| Danach",
        "well ... so.| Then",
        "What?!| No",
        "Wait…| What",
        "— Стой!| — Он ушёл.",
        "¿Qué?| ¿Cómo?",
        "他说。|“你好”",
        "「行こう。」|と",
        "行こう！？|はい",  # noqa: RUF001  # signs of that script
        "هل؟| نعم",
        "वह गया।| फिर",
        "It rained.| 3 days",
        "It rained.| ☂ ☂ Then",
        "It rained.|",
        "It rained.|  \n",
        ".| And so on.",
    ],
)
def test_a_sentence_ends_with_its_terminator_and_what_closes_behind_it(text: str) -> None:
    shown, _, rest = text.partition("|")
    for pieces in ([shown + rest], [*shown, *rest]):
        assert run(StopFilter([], "sentence"), pieces) == (shown, True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "pi is 3.14 or so",
        "e.g. this",
        "etc., and",
        "see example.org for more",
        "He waited ... and waited",
        "wait . . . and go",
        '"Stop!" he said',
        "— Стой! — сказал он",
        "and so... “but why",
        "A heading\n\nand a text",
    ],
)
def test_a_sentence_goes_on_behind_what_only_looks_like_an_end(text: str) -> None:
    for pieces in ([text], [*text]):
        assert run(StopFilter([], "sentence"), pieces) == (text, False)


@pytest.mark.parametrize(
    ("unit", "pieces", "shown"),
    [
        ("line", ["\n", "a", " b", "\n", "c"], ["\n", "a", " b", "", ""]),
        ("paragraph", ["\n", "a", "\n ", " b", "\n \n"], ["\n", "a", "", "\n  b", ""]),
        ("sentence", ["(It went.", ")", "\n“", "so", ". A"], ["(It went.", ")", "", "\n“so", "."]),
    ],
)
def test_only_what_is_undecided_is_held_back(
    unit: str, pieces: list[str], shown: list[str]
) -> None:
    stopping = StopFilter([], unit)
    assert [stopping.push(piece) for piece in pieces] == shown
    assert stopping.stopped


@pytest.mark.parametrize(
    ("unit", "begin", "more"), [("paragraph", "a\n", " "), ("sentence", "a.", "\n")]
)
def test_a_character_costs_the_same_however_much_is_held_back(
    unit: str, begin: str, more: str
) -> None:
    """Twenty times the text takes far less than 400 times as long."""

    def seconds(length: int) -> float:
        stopping = StopFilter([], unit)
        stopping.push(begin)
        start = time.process_time()
        for _ in range(length):
            assert stopping.push(more) == ""
        return time.process_time() - start

    assert seconds(60_000) < 100 * min(seconds(3_000) for _ in range(3))
