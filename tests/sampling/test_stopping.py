"""Stop strings end a text at the same place however it arrives."""

from hypothesis import given
from hypothesis import strategies as st

from textgen.sampling.stopping import StopFilter

letters = st.text("abc", max_size=30)


def run(pieces: list[str], stops: list[str]) -> tuple[str, bool]:
    stopping = StopFilter(stops)
    return "".join(stopping.pass_on(pieces)), stopping.stopped


def first_complete(text: str, stops: list[str]) -> tuple[str, bool]:
    """Grow the text by a character at a time until it ends with a stop string."""
    for end in range(len(text) + 1):
        ending = [stop for stop in stops if text[:end].endswith(stop)]
        if ending:
            return text[: end - max(map(len, ending))], True
    return text, False


@given(
    st.lists(letters, max_size=8),
    st.lists(st.text("abc", min_size=1, max_size=5), max_size=3),
)
def test_text_ends_before_the_stop_string_that_is_complete_first(
    pieces: list[str], stops: list[str]
) -> None:
    assert run(pieces, stops) == first_complete("".join(pieces), stops)


def test_text_that_could_become_a_stop_string_is_held_back() -> None:
    stopping = StopFilter(["END"])
    shown = stopping.pass_on(["one E", "N", "", "Done", "ED"])
    assert [next(shown) for _ in range(3)] == ["one ", "", ""]
    assert list(shown) == [""]
    assert stopping.stopped


def test_held_text_is_passed_on_when_it_is_no_stop_string() -> None:
    assert run(["one E", "N", "X", "EN"], ["END"]) == ("one ENXEN", False)
