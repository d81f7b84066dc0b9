"""Rows are refused for what is asked of them alone, and what helps is said."""

import json
import string
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.corpus.reading import documents, file_of, write_rows
from textgen.corpus.documents import read_documents
from textgen.corpus.statistics import CorpusStatistics
from textgen.corpus.tables import json_rows
from textgen.errors import DataError

values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.just(int("9" * 4000)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)
others = st.dictionaries(st.text(string.ascii_uppercase, min_size=1, max_size=3), values)


@settings(max_examples=30)
@given(st.lists(others, max_size=4), st.booleans())
def test_what_is_in_other_columns_of_json_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, unread: list[dict[str, Any]], is_twice: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "rows.jsonl"
    with path.open("w") as file:
        for number, row in enumerate(unread):
            more = ', "M": 1, "M": ' + "9" * 5000 if is_twice else ""
            file.write(f"{json.dumps(row | {'text': f'row {number}'})[:-1]}{more}}}\n")
    assert documents(path) == [f"row {number}" for number in range(len(unread))]


def test_a_number_of_any_length_can_be_asked_for(tmp_path: Path) -> None:
    path, digits = tmp_path / "a.jsonl", "9" * 5000
    path.write_text(f'{{"n": {digits}, "m": -0, "text": "a"}}\n')
    assert documents(path, template="$n") == [digits]
    assert documents(path, where=(("n", digits),)) == ["a"]
    assert documents(path, template="$m") == ["0"]


def test_keys_that_come_twice_matter_where_they_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a", "by": "x", "by": "y"}\n')
    assert documents(path) == ["a"]
    asked: list[Any] = [
        {"column": "by"},
        {"template": "$by"},
        {"label_column": "by"},
        {"where": (("by", "y"),)},
    ]
    for rule in asked:
        with pytest.raises(DataError, match=r"a\.jsonl:1: the key 'by' comes twice; mend"):
            documents(path, **rule)


def test_columns_may_come_late_and_rows_may_lack_them(tmp_path: Path) -> None:
    rows = [{"id": 1}, {"id": 2, "text": "a", "by": "x"}, {"id": 3}, {"id": 4, "text": "b"}]
    path, statistics = write_rows(tmp_path / "a.jsonl", *rows), CorpusStatistics()
    assert documents(path, statistics) == ["a", "b"]
    assert statistics.removed == {"rows without 'text'": 2}
    assert documents(path, column="text", label_column="by") == ["a", "b"]
    assert documents(path, where=(("by", "x"),)) == ["a"]
    assert documents(path, template="$text, $by") == ["a, x"]
    with pytest.raises(DataError, match="no column 'txt'; its columns are: id, text, by"):
        documents(path, column="txt")
    only = write_rows(tmp_path / "b.jsonl", {"id": 1, "n": None}, {"id": 2, "body": "late"})
    assert documents(only) == ["late"]


def test_a_bad_line_among_the_first_is_told_after_the_rows_before_it(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a"}\n{"text": "b"}\n{"text"\n')
    pieces = read_documents(file_of(path), CorpusStatistics())
    assert [next(pieces) for _ in range(4)][::2] == ["a", "b"]
    with pytest.raises(DataError, match=r"a\.jsonl:3: not JSON"):
        next(pieces)


@pytest.mark.parametrize("ahead", [1, 30, 1 << 20])
def test_how_far_is_looked_ahead_changes_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ahead: int
) -> None:
    monkeypatch.setattr(json_rows, "AHEAD", ahead)
    path = write_rows(tmp_path / "a.jsonl", *({"text": f"row {n}"} for n in range(20)))
    assert documents(path) == [f"row {n}" for n in range(20)]


@pytest.mark.parametrize(
    ("cell", "what", "text"),
    [(2, "'2', a int", "2"), (True, "'True', a bool", "true"), (0.5, "'0.5', a float", "0.5")],
)
def test_the_template_that_a_refusal_names_reads_the_cell(
    tmp_path: Path, cell: Any, what: str, text: str
) -> None:
    for name in ("text", "my text"):
        path = write_rows(tmp_path / "a.jsonl", {name: "one"}, {name: cell})
        with pytest.raises(DataError) as caught:
            documents(path, column=name)
        told = str(caught.value)
        assert f"a.jsonl:2: '{name}' holds {what}; template '$" in told
        template = told.partition("template '")[2].partition("'")[0]
        assert documents(path, template=template) == ["one", text]


def test_chats_are_not_trained_on_by_their_ids(tmp_path: Path) -> None:
    chat = [{"role": "user", "content": "Is it late?"}, {"role": "assistant", "content": "Yes."}]
    path = write_rows(tmp_path / "a.jsonl", {"id": "x1", "messages": chat})
    table = pa.table({"id": ["x1"], "messages": [chat]})
    pq.write_table(table, tmp_path / "a.parquet")
    for file in (path, tmp_path / "a.parquet"):
        with pytest.raises(DataError, match="'messages' holds lists of objects, as chats do"):
            documents(file)
        assert documents(file, column="id") == ["x1"]
    tags = write_rows(tmp_path / "b.jsonl", {"body": "a text", "tags": [{"name": "x"}]})
    assert documents(tags) == ["a text"]


def test_bytes_that_are_utf_8_are_text(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    for kind in (pa.binary(), pa.large_binary()):
        pq.write_table(pa.table({"text": pa.array(["é".encode(), None], kind)}), path)
        assert documents(path) == ["é"]
        assert documents(path, template="<$text>") == ["<é>"]
    pq.write_table(pa.table({"text": [b"a", b"\xff"]}), path)
    with pytest.raises(DataError, match=r"row 2: 'text' holds .*, bytes of which byte 0 is not"):
        documents(path)


def test_columns_of_parquet_without_name_or_with_one_name_do_not_matter(tmp_path: Path) -> None:
    cells, names = [pa.array(["a"]), pa.array(["b"]), pa.array(["c"])], ["", "n", "n"]
    path = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_arrays([pa.array(["x"]), *cells], ["text", *names]), path)
    assert documents(path) == ["x"]
    with pytest.raises(DataError, match="the column 'n' comes twice"):
        documents(path, column="n")
