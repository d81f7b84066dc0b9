"""What is written into a spool comes back, in pieces that lose nothing."""

import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from textgen.corpus.spool import PIECE_BYTES, RECORDS_AT_ONCE, Spool

texts = st.text(st.characters(codec="utf-8"), max_size=30)


def spool_of(documents: list[str]) -> Spool:
    spool = Spool(io.BytesIO(), io.BytesIO())
    for number, text in enumerate(documents):
        spool.write(text.encode())
        spool.end(
            where=f"book:{number}", characters=len(text), digest=bytes(16), file=0, label=number
        )
    return spool


def read(spool: Spool) -> list[str]:
    return [
        "".join(spool.pieces(int(record["start"]), int(record["stop"])))
        for records in spool.records()
        for record in records
    ]


@given(st.lists(texts, max_size=8))
def test_documents_come_back_in_order_with_their_places(documents: list[str]) -> None:
    spool = spool_of(documents)
    assert read(spool) == documents
    for number, text in enumerate(documents):
        record = spool.record(number)
        assert spool.where(record) == f"book:{number}"
        assert record["characters"] == len(text)
        assert text.startswith(spool.beginning(record, 9))


@given(st.text("aé中🌊 \n", min_size=1, max_size=50), st.integers(1, 4))
def test_long_documents_come_in_pieces_that_lose_nothing(text: str, times: int) -> None:
    long = text * (times * PIECE_BYTES // len(text) + 1)
    spool = spool_of([long, "after"])
    record = spool.record(0)
    pieces = list(spool.pieces(int(record["start"]), int(record["stop"])))
    assert "".join(pieces) == long
    assert max(len(piece.encode()) for piece in pieces) <= PIECE_BYTES
    if "\n" in text:
        assert all(piece.endswith("\n") for piece in pieces[:-1])


def test_discarded_document_leaves_no_trace() -> None:
    spool = spool_of(["first"])
    spool.write(b"not wanted")
    assert "".join(spool.open_text()) == "not wanted"
    spool.discard()
    spool.write(b"sec")
    next(spool.open_text())
    spool.write(b"ond")
    spool.end(where="b:2", characters=6, digest=bytes(16), file=0, label=0)
    assert read(spool) == ["first", "second"]


def test_documents_marked_as_removed_are_those_and_no_others() -> None:
    count = 2 * RECORDS_AT_ONCE + 3
    spool = spool_of(["x"] * count)
    wanted = np.array([0, RECORDS_AT_ONCE - 1, RECORDS_AT_ONCE, count - 1])
    spool.remove(wanted)
    marks = np.concatenate([records["removed"] for records in spool.records()])
    np.testing.assert_array_equal(np.flatnonzero(marks), wanted)
    assert len(spool) == count
