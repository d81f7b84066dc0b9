"""Stop strings end a text at the same place however it arrives."""

import time

from hypothesis import given
from hypothesis import strategies as st

from tests.sampling.pieces import cut, run
from textgen.config.generation import UNITS
from textgen.sampling.stopping import StopFilter

letters = st.text("abc", max_size=60)
stop_strings = st.lists(st.text("abc", min_size=1, max_size=6), max_size=4)


def first_complete(text: str, stops: list[str]) -> tuple[str, bool]:
    """Grow the text by a character at a time until it ends with a stop string."""
    for end in range(len(text) + 1):
        ending = [stop for stop in stops if text[:end].endswith(stop)]
        if ending:
            return text[: end - max(map(len, ending))], True
    return text, False


@given(st.data(), letters, stop_strings)
def test_text_ends_before_the_stop_string_that_is_complete_first(
    data: st.DataObject, text: str, stops: list[str]
) -> None:
    assert run(StopFilter(stops), data.draw(cut(text))) == first_complete(text, stops)


@given(st.data(), st.text("ab. \n", max_size=60), stop_strings, st.sampled_from(UNITS))
def test_with_a_unit_too_the_text_ends_where_the_earlier_of_the_two_does(
    data: st.DataObject, text: str, stops: list[str], unit: str
) -> None:
    before, _ = first_complete(text, stops)
    shown, _ = run(StopFilter(stops, unit), data.draw(cut(text)))
    assert shown == run(StopFilter([], unit), [before])[0]


@given(st.data(), letters, letters, stop_strings)
def test_nothing_stops_or_waits_in_text_that_may_not_stop(
    data: st.DataObject, first: str, rest: str, stops: list[str]
) -> None:
    stopping = StopFilter(stops)
    for piece in data.draw(cut(first)):
        assert stopping.push(piece, may_stop=False) == piece
    assert run(stopping, data.draw(cut(rest))) == first_complete(rest, stops)


@given(st.lists(st.text()))
def test_without_stop_strings_every_piece_passes_at_once(pieces: list[str]) -> None:
    stopping = StopFilter([])
    assert [stopping.push(piece) for piece in pieces] == pieces
    assert (stopping.finish(), stopping.stopped) == ("", False)


def test_text_that_could_become_a_stop_string_is_held_back() -> None:
    stopping = StopFilter(["END"])
    assert [stopping.push(piece) for piece in ("one E", "N", "", "Done")] == ["one ", "", "", ""]
    assert stopping.stopped
    assert (stopping.push("more"), stopping.finish()) == ("", "")


def test_held_text_is_passed_on_when_it_is_no_stop_string() -> None:
    stopping = StopFilter(["END"])
    assert [stopping.push(piece) for piece in ("one E", "N", "X", "EN")] == ["one ", "", "ENX", ""]
    assert (stopping.finish(), stopping.stopped) == ("EN", False)


def test_a_character_costs_the_same_however_much_is_held_back() -> None:
    """Twenty times the text takes far less than 400 times as long."""

    def seconds(length: int) -> float:
        stopping = StopFilter(["ab" * length + "!"])
        start = time.process_time()
        for _ in range(length):
            assert stopping.push("a") == stopping.push("b") == ""
        return time.process_time() - start

    assert seconds(60_000) < 100 * min(seconds(3_000) for _ in range(3))
