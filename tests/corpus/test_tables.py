"""A table that is not one says so in one line, with file and line."""

import gzip
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import zstandard

from tests.scripts_of_the_world import plain_bytes
from textgen.corpus.documents import read_documents
from textgen.corpus.sources import open_source
from textgen.errors import DataError

LONG = "x" * 300_000


def read(path: Path) -> list[str | None]:
    with open_source(str(path), {}) as source:
        rows = [read_documents(part, source.config, Counter()) for part in source.parts]
        return [piece for pieces in rows for piece in pieces]


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.csv", b"text,n\nhello,1\na,b,c\n", "a.csv:3: 3 fields, but the first line has 2"),
        ("a.csv", b"text,n\nhello,1\n\nshort\n", "a.csv:4: 1 fields"),
        ("a.csv", b'text,n\n"two\nlines",1\nshort\n', "a.csv:4: 1 fields"),
        ("a.csv", b'text,n\n"open,1\nx,2\n', "a.csv:3: unexpected end of data"),
        ("a.csv", b"text,text\na,b\n", "a.csv:1: the column 'text' comes twice"),
        ("a.csv", b"text,n\nh\xe9llo,1\n", "a.csv:2: byte 8 (e9) is not utf-8"),
        ("a.csv", b"text,n\nhel\0lo,1\n", "a.csv:2: NUL"),
        ("a.tsv", b"text\tn\nhello\n", "a.tsv:2: 1 fields"),
        ("a.jsonl", b'{"text": "a"}\n{"text": "b"\n', "a.jsonl:2: not JSON"),
        ("a.jsonl", b'{"text": "a", "text": "b"}\n', "a.jsonl:1: not JSON (the key 'text' comes"),
        ("a.jsonl", b'{"text": "a"}\n{"txt": "b"}\n', "a.jsonl:2: no 'text'; this row has: txt"),
        ("a.jsonl", b'{"text": "a"}\n{"text": 5}\n', "a.jsonl:2: 'text' holds '5', a int"),
        ("a.jsonl", b'{"text": "a"}\n{"text": ["b"]}\n', "a.jsonl:2: 'text' holds"),
        ("a.jsonl", b'{"text": "a"}\n["b"]\n', "a.jsonl:2: a JSON list; an object is wanted"),
        ("a.jsonl", b'{"text": "a"}\n' + b"[" * 100_000, "a.jsonl:2: "),
        ("a.jsonl", b'{"text": "\xff"}\n', "a.jsonl:1: byte 10 (ff)"),
        ("a.jsonl.gz", gzip.compress(b'{"text": "a"}\n{"te'), "a.jsonl.gz:2: not JSON"),
        ("a.txt.gz", gzip.compress(LONG.encode())[:-9], "a.txt.gz: byte "),
        ("a.txt.gz", b"plain", "a.txt.gz: byte "),
        ("a.csv.gz", b"text", "a.csv.gz: byte "),
        ("a.txt.zst", zstandard.compress(LONG.encode())[:-4], "a.txt.zst: byte "),
        ("a.txt.zst", b"plain text it is", "a.txt.zst: byte "),
        ("a.parquet", plain_bytes(".parquet", ["a"] * 99)[:200], "a.parquet: not a readable"),
        ("a.parquet", b"text", "a.parquet: not a readable"),
        ("a.parquet", b"", "a.parquet: not a readable"),
    ],
)
def test_bad_input_names_file_and_line(
    tmp_path: Path, name: str, content: bytes, error: str
) -> None:
    (tmp_path / name).write_bytes(content)
    for _ in range(2):
        with pytest.raises(DataError) as caught:
            read(tmp_path / name)
        assert error in str(caught.value)


def test_damage_inside_a_parquet_file_names_it(tmp_path: Path) -> None:
    data = bytearray(plain_bytes(".parquet", [f"row {i} {'x' * (i % 97)}" for i in range(5000)]))
    data[2000:2400] = bytes(400)
    (tmp_path / "a.parquet").write_bytes(data)
    with pytest.raises(DataError, match=r"a\.parquet"):
        read(tmp_path / "a.parquet")


def test_frames_of_zstandard_follow_each_other(tmp_path: Path) -> None:
    (tmp_path / "a.txt.zst").write_bytes(zstandard.compress(b"one ") + zstandard.compress(b"two"))
    assert read(tmp_path / "a.txt.zst") == ["one two", None]


def test_long_cells_and_quoted_line_ends_are_text(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(f'text,n\r\n"{LONG}",1\r\n"a\r\nb, ""c""",2\r\n'.encode())
    assert read(tmp_path / "a.csv") == [LONG, None, 'a\nb, "c"', None]


def test_byte_order_mark_is_no_part_of_a_column_name(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbftext,n\na,1\n")
    assert read(tmp_path / "a.csv") == ["a", None]


@pytest.mark.parametrize(
    ("name", "code"), [("a.csv", 2), ("a.txt.zst", 2), ("a.jsonl", 0), ("a.txt.gz", 0)]
)
def test_what_needs_the_extra_names_it(tmp_path: Path, name: str, code: int) -> None:
    rows = b'{"text": "one"}\n{"text": "two"}\n'
    (tmp_path / name).write_bytes(gzip.compress(rows) if name.endswith(".gz") else rows)
    script = f"""
import sys
sys.modules["datasets"] = sys.modules["zstandard"] = None  # as if they were not installed
from textgen.cli import main
sys.argv = ["textgen", "prepare", {str(tmp_path / name)!r}, "-o", {str(tmp_path / "out")!r}]
main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == code
    assert (b"extra 'corpora'" in done.stderr) == bool(code)
    assert (tmp_path / "out").exists() == (not code)
