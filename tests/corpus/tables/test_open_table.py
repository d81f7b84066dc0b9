"""A table that is not one says so in one line, with file and line."""

import csv
import gzip
import subprocess
import sys
import tracemalloc
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from tests.corpus.reading import documents, file_of, write_rows
from tests.scripts_of_the_world import plain_bytes, write
from textgen.corpus.corpus_file import CorpusFile, LocalFile
from textgen.corpus.documents import read_documents
from textgen.corpus.forms import TableForm, form_of
from textgen.corpus.statistics import CorpusStatistics
from textgen.corpus.tables import dialects, lines
from textgen.errors import DataError

LONG = "x" * 300_000


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.csv", b"text,n\nhello,1\na,b,c\n", "a.csv:3: 3 fields, but the first line has 2"),
        ("a.csv", b"text,n\nhello,1\n\nshort\n", "a.csv:4: 1 fields"),
        ("a.csv", b'text,n\n"two\nlines",1\nshort\n', "a.csv:4: 1 fields"),
        ("a.csv", b'text,n\n"open,1\nx,2\n', "a.csv:2: unexpected end of data"),
        ("a.csv", b'text,n\n"a" b,1\n', "a.csv:2: ',' expected after '\"'"),
        ("a.csv", b"text,text\na,b\n", "a.csv:1: the column 'text' comes twice"),
        ("a.csv", b",\n0,b\n", "a.csv:1: no column has a name"),
        ("a.csv", b"text,n\nh\xe9llo,1\n", "a.csv:2: byte 8 (e9) is not utf-8"),
        ("a.csv", b"text,n\nhel\0lo,1\n", "a.csv:2: character 4 of the text is NUL"),
        ("a.tsv", b"text\tn\nhello\n", "a.tsv:2: 1 fields"),
        ("a.jsonl", b'{"text": "a"}\n{"text": "b"\n', "a.jsonl:2: not JSON (Expecting ',' delim"),
        ("a.jsonl", b'{"text": "a", "text": "b"}\n', "a.jsonl:1: the key 'text' comes twice"),
        ("a.jsonl", b'{"text": "a"}\n{"text": 5}\n', "a.jsonl:2: 'text' holds '5', a int"),
        ("a.jsonl", b'{"text": "a"}\n{"text": ["b"]}\n', "a.jsonl:2: 'text' holds"),
        ("a.jsonl", b'{"text": "a"}\n["b"]\n', "a.jsonl:2: a JSON list; an object is wanted"),
        ("a.jsonl", b'{"text": "a"}\n' + b"[" * 100_000, "a.jsonl:2: JSON that is nested too"),
        ("a.jsonl", b'{"text": "\xff"}\n', "a.jsonl:1: byte 10 (ff)"),
        ("a.jsonl.gz", gzip.compress(b'{"text": "a"}\n{"te', mtime=0), "a.jsonl.gz:2: not JSON"),
        ("a.csv.gz", b"text", "a.csv.gz: byte "),
        ("a.jsonl.zst", zstandard.compress(LONG.encode())[:-4], "a.jsonl.zst: byte "),
        ("a.parquet", plain_bytes(".parquet", ["a"] * 99)[:200], "a.parquet: not a readable"),
        ("a.parquet.gz", gzip.compress(b"text", mtime=0), "a.parquet.gz: not a readable"),
    ],
)
def test_bad_input_names_file_and_line(
    tmp_path: Path, name: str, content: bytes, error: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        documents(tmp_path / name)
    assert str(caught.value).startswith(f"{tmp_path}/{error}")


def test_damage_inside_a_parquet_file_names_the_row_before(tmp_path: Path) -> None:
    data = bytearray(plain_bytes(".parquet", [f"row {i} {'x' * (i % 97)}" for i in range(5000)]))
    data[-3000:-1000] = bytes(2000)
    (tmp_path / "a.parquet").write_bytes(data)
    with pytest.raises(DataError, match=r"a\.parquet"):
        documents(tmp_path / "a.parquet")


def test_columns_of_parquet_that_nobody_asks_for_are_not_read(tmp_path: Path) -> None:
    noise = [str(number) * 50 for number in range(5000)]
    pq.write_table(pa.table({"text": ["a"] * 5000, "noise": noise}), tmp_path / "a.parquet")
    data = bytearray((tmp_path / "a.parquet").read_bytes())
    data[2000:20_000] = bytes(18_000)  # within the column of noise
    (tmp_path / "a.parquet").write_bytes(data)
    assert documents(tmp_path / "a.parquet") == ["a"] * 5000
    with pytest.raises(DataError, match=r"a\.parquet: damaged after row \d+ "):
        documents(tmp_path / "a.parquet", column="noise")


@pytest.mark.parametrize(
    "kind", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]
)
def test_text_is_found_whatever_arrow_calls_it(tmp_path: Path, kind: pa.DataType) -> None:
    table = pa.table({"n": [1, 2], "body": pa.array(["a", "b"]).cast(kind)})
    pq.write_table(table, tmp_path / "a.parquet")
    assert documents(tmp_path / "a.parquet") == ["a", "b"]


def test_dates_and_truth_values_can_be_asked_for(tmp_path: Path) -> None:
    days = [date(2020, 1, 1), date(2021, 1, 1), None]
    table = pa.table({"text": ["a", "b", "c"], "day": days, "good": [True, False, None]})
    pq.write_table(table, tmp_path / "a.parquet")
    assert documents(tmp_path / "a.parquet", where=(("day", "2021-01-01"),)) == ["b"]
    assert documents(tmp_path / "a.parquet", template="$day $good") == [
        "2020-01-01 true",
        "2021-01-01 false",
    ]


def test_other_forms_are_read_by_the_builder_of_their_name(tmp_path: Path) -> None:
    path = tmp_path / "a.arrow"
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, TABLE.schema) as writer:
        writer.write_table(TABLE)
    assert read(CorpusFile("a.arrow", LocalFile(path), "arrow")) == [("a.arrow: row 1", "a")]
    path = tmp_path / "a.csv"
    path.write_text("text;n\na;1\n")
    for packing, content in (("", path.read_bytes()), (".gz", gzip.compress(path.read_bytes()))):
        path.write_bytes(content)
        file = CorpusFile("a.csv", LocalFile(path), "csv", packing, options={"sep": ";"})
        assert read(file) == [("a.csv: row 1", "a")]
    file = CorpusFile("a.json", LocalFile(path), "json", options={"field": "data"})
    with pytest.raises(DataError, match=r"^a\.json: "):
        read(file)


TABLE = pa.table({"text": ["a"], "n": [1]})


def read(file: CorpusFile) -> list[tuple[str, Any]]:
    form = form_of(file)
    assert isinstance(form, TableForm)
    with form.open(file, CorpusStatistics()) as table:
        assert table.columns in ({}, {"text": True, "n": False})
        return [(where, cells["text"]) for where, cells in table.rows(["text"])]


def test_long_cells_and_quoted_line_ends_are_text(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(f'text,n\r\n"{LONG}",1\r\n"a\r\nb, ""c""",2\r\n'.encode())
    before = csv.field_size_limit()
    assert documents(tmp_path / "a.csv", column="text") == [LONG, 'a\nb, "c"']
    assert csv.field_size_limit() == before


def test_lines_and_cells_too_long_to_be_held_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_rows(tmp_path / "a.jsonl", {"text": "a"}, {"text": LONG})
    monkeypatch.setattr(lines, "LONGEST_LINE", 100_000)
    with pytest.raises(DataError, match=r"a\.jsonl:2: a line of more than 100000 characters"):
        documents(path)
    monkeypatch.setattr(dialects, "LONGEST_CELL", 1000)
    with pytest.raises(DataError, match=r"a\.csv:2: field larger than field limit \(1000\)"):
        documents(write(tmp_path, "a.csv", [LONG[:2000]]))


def test_long_lines_are_held_no_more_than_twice(tmp_path: Path) -> None:
    size = 10_000_000
    path = write_rows(tmp_path / "a.jsonl", *[{"text": "x " * (size // 2)}] * 3)
    tracemalloc.start()
    try:
        for _ in read_documents(file_of(path), CorpusStatistics()):
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2.3 * size


def test_byte_order_mark_is_no_part_of_a_column_name(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbftext,n\na,1\n")
    assert documents(tmp_path / "a.csv", column="text") == ["a"]


def test_encodings_are_those_of_the_rule(tmp_path: Path) -> None:
    for name, content in (("a.csv", "text\ncafé\n"), ("a.jsonl", '{"text": "café"}\n')):
        (tmp_path / name).write_text(content, "utf-16")
        assert documents(tmp_path / name, encoding="utf-16") == ["café"]


@pytest.mark.parametrize(("form", "works"), [("csv", True), ("jsonl", True), ("parquet", False)])
def test_what_needs_the_extra_names_it(tmp_path: Path, form: str, works: bool) -> None:
    path = write(tmp_path, f"a.{form}", ["one", "two"])
    script = f"""
import sys
for name in ("datasets", "pyarrow", "zstandard"):
    sys.modules[name] = None  # as if it were not installed
from textgen.corpus.documents import read_documents
from textgen.corpus.corpus_file import LocalFile, CorpusFile
from textgen.corpus.statistics import CorpusStatistics
from pathlib import Path
file = CorpusFile("a", LocalFile(Path({str(path)!r})), {form!r})
print(len(list(read_documents(file, CorpusStatistics()))))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (done.stdout == b"4\n") == works
    assert (b"extra 'corpora'" in done.stderr) == (not works)
