"""The history of a run survives its file, whatever the model wrote."""

from hypothesis import given
from hypothesis import strategies as st

from textgen.trainer.history import History, read_jsonl

TEXTS = st.text(st.characters(codec="utf-8") | st.sampled_from("\x85\u2028\r\n\x1c"))


@given(st.lists(TEXTS))
def test_events_come_back_from_their_lines(texts: list[str]) -> None:
    history = History.of_run(10)
    for step, text in enumerate(texts):
        history.add(step, sample=text)
    assert read_jsonl(history.to_jsonl()) == history.events
