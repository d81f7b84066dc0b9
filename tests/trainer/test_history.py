"""The history of a run: means over some steps, as many lines as people can look at."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from textgen.trainer.history import POINTS, History, read_jsonl

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
STEPS = st.lists(st.tuples(st.floats(0, 9), st.floats(0, 9)), min_size=1, max_size=60)


def add(history: History, number: int, loss: float, norm: float) -> None:
    now = {"epoch": number / 10, "seconds": number / 2, "learning_rate": 0.1}
    history.add_step(number, now, {"loss": loss, "gradient_norm": norm}, tokens=128, seconds=0.5)


def test_line_holds_means_over_its_steps_and_the_rest_as_it_is() -> None:
    history = History(every=3)
    for number, loss in enumerate([4.0, 2.0, 3.0, 1.0, 1.0, 4.0, 9.0], start=1):
        add(history, number, loss, 2 * loss)
    lines = history.events
    assert [line["step"] for line in lines] == [3, 6]
    assert [line["loss"] for line in lines] == [3.0, 2.0]
    assert [line["gradient_norm"] for line in lines] == [6.0, 4.0]
    assert [line["tokens_per_second"] for line in lines] == [256.0, 256.0]
    assert [line["seconds"] for line in lines] == [1.5, 3.0]
    assert set(lines[0]) == {
        "step",
        "loss",
        "gradient_norm",
        "tokens_per_second",
        "seconds",
        "learning_rate",
        "epoch",
    }


@pytest.mark.parametrize("steps", [1, 999, 1000, 1999, 2000, 123_456, 10**7])
def test_number_of_lines_is_bounded(steps: int) -> None:
    every = History.of_run(steps).every
    assert min(steps, POINTS // 2) <= steps // every < 2 * POINTS


@given(steps=STEPS, every=st.integers(1, 7), data=st.data())
def test_history_resumed_anywhere_is_that_of_the_unbroken_run(
    steps: list[tuple[float, float]], every: int, data: st.DataObject
) -> None:
    whole, part = History(every), History(every)
    cut = data.draw(st.integers(0, len(steps)))
    for number, (loss, norm) in enumerate(steps, start=1):
        if number == cut:
            told = json.loads(json.dumps({"every": part.every, "sums": part.sums}))
            part = History(**told, events=read_jsonl(part.to_jsonl()))
        add(whole, number, loss, norm)
        add(part, number, loss, norm)
    assert part == whole


@settings(max_examples=50)
@example([{"sample": "what other programs\u2028take for the end\x85of a line"}])
@given(st.lists(st.dictionaries(TEXT, TEXT | st.floats(allow_nan=False) | st.booleans())))
def test_events_come_back_from_their_lines(told: list[dict[str, object]]) -> None:
    history = History(1)
    for number, event in enumerate(told):
        history.events.append({"step": number, **event})
    data = history.to_jsonl()
    assert read_jsonl(data) == history.events
    assert data.count(b"\n") == len(told)


def test_damaged_lines_are_a_value_error() -> None:
    with pytest.raises(ValueError, match="Expecting"):
        read_jsonl(b'{"step": 1}\n{"step": \n')
