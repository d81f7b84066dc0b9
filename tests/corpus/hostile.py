"""Files that go wrong, by kind and form: everything that has been seen to break a reader."""

import gzip
import io
import random
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow")

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

FORMS = ("txt", "jsonl", "csv", "parquet", "gz")
LONG = 1_000_000
MANY = 3_000
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89"
HTML = b"<!DOCTYPE html>\n<html><body>Too many requests</body></html>\n"

# What stands where a text should: all of a .txt file, the only cell of a table.
TEXTS: Mapping[str, bytes] = {
    "white space": b" \t\n \n",
    "utf-16 with a mark": "Grüße".encode("utf-16"),
    "utf-16 without a mark": "Hello".encode("utf-16-le"),
    "utf-32": "Hi".encode("utf-32-le"),
    "latin-1": b"one\ntwo caf\xe9 noir",
    "cut inside a character": "caf\u00e9".encode()[:-1],
    "overlong": b"a\xc0\xafb",
    "beyond Unicode": b"a\xf4\x90\x80\x80b",
    "surrogates as in CESU-8": b"a\xed\xa0\xbd\xed\xb8\x80b",
    "NUL": b"one\na\0b",
    "random bytes": random.Random(1).randbytes(300),
    "very long line": b"x" * LONG,
    "CR line ends": b"a\rb\rc",
    "mixed line ends": b"a\r\nb\rc\nd",
    "form feed": b"a\x0cb",
    "escape sequences": b"a\x1b[2Jb",
    "line separators": "a\x85b\u2028c\u2029d".encode(),
    "bidi controls": "a\u202eb\u2066c\u2069".encode(),
    "zero-width joiners": "\U0001f468\u200d\U0001f469\u200d\U0001f467 क\u094d\u200dष".encode(),
    "unassigned code points": "a\U000e0fffb\uffffc\ufdd0".encode(),
    "mark inside": "a\ufeffb".encode(),
    "thousand accents": ("e" + "\u0301" * 1000).encode(),
    "not normal": "e\u0301 \u212b".encode(),
    "literal eos": b"a<eos>b</s>",
}

# Whole files, whatever their name promises.
FILES: Mapping[str, Callable[[str], bytes]] = {
    "nothing": lambda form: b"",
    "only a mark": lambda form: b"\xef\xbb\xbf",
    "only line ends": lambda form: b"\n\r\n\r",
    "only NULs": lambda form: bytes(5000),
    "noise": lambda form: random.Random(2).randbytes(5000),
    "a picture": lambda form: PNG,
    "a page": lambda form: HTML,
    "packed twice": lambda form: gzip.compress(gzip.compress(plain(form, b"text"), mtime=0)),
    "zst": lambda form: zstandard.compress(plain(form, b"text")),
    "parquet": lambda form: plain("parquet", b"text"),
    "JSON list": lambda form: b'[{"text": "a"}, {"text": "b"}]\n',
    "half of it": lambda form: half(whole(form, b"several words of text\n" * 20)),
    "twice": lambda form: 2 * whole(form, b"text"),
    "with garbage behind": lambda form: whole(form, b"text") + b"\x00\xffgarbage",
}

# Rows of .jsonl, .csv and .parquet; None where there is no such thing. As .txt they are text.
ROWS: Mapping[str, tuple[bytes, bytes, pa.Table | None]] = {
    "huge number": (
        b'{"text": "a", "n": ' + b"9" * 5000 + b"}",
        b"text,n\na," + b"9" * 5000,
        pa.table({"text": ["a"], "n": [float("inf")]}),
    ),
    "number for text": (b'{"text": 5}', b"text\n5", pa.table({"text": [5]})),
    "infinity for text": (b'{"text": Infinity}', b"text\nInfinity", pa.table({"text": [1e999]})),
    "nesting": (
        b'{"text": ' + b"[" * LONG,
        b"text\n" + b"[" * LONG,
        pa.table({"text": [{"a": {"b": "c"}}]}),
    ),
    "list for text": (b'{"text": ["a"]}', b'text\n"[""a""]"', pa.table({"text": [["a"]]})),
    "bytes for text": (b'{"text": "\\u00ff"}', b"text\n\xff", pa.table({"text": [b"\xff"]})),
    "null": (
        b'{"text": null}\n{"text": "a"}',
        b'text\n""\na',
        pa.table({"text": [None, "a"]}),
    ),
    "all null": (b'{"text": null}', b"text\n\n\n", pa.table({"text": [None]})),
    "missing column": (b'{"n": 1, "m": 2}', b"n,m\n1,2", pa.table({"n": [1], "m": [2]})),
    "column that goes missing": (b'{"text": "a"}\n{"n": "b"}', b"text,n\na,1\nb", None),
    "extra field": (b'{"text": "a"}\n{"text": "b", "n": 1}', b"text\na\nb,1", None),
    "same name twice": (
        b'{"text": "a", "text": "b"}',
        b"text,text\na,b",
        pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], ["text", "text"]),
    ),
    "name that is empty": (b'{"": "a"}', b'"",n\na,1', pa.table({"": ["a"]})),
    "header alone": (b"{}", b"text,n\n", pa.table({"text": pa.array([], pa.string())})),
    "no columns": (b"{}\n{}", b"\n\n", pa.table({})),
    "a great many columns": (
        b"{" + b", ".join(b'"c%d": "x"' % i for i in range(MANY)) + b"}",
        b",".join(b"c%d" % i for i in range(MANY)) + b"\n" + b",".join([b"x"] * MANY),
        pa.table({f"c{i}": ["x"] for i in range(MANY)}),
    ),
    "quotation mark left open": (b'{"text": "a}\n{"text": "b"}', b'text\n"a\nb', None),
    "quotation mark in the middle": (b'{"text": "a "b" c"}', b'text\na "b" c', None),
    "text behind a quotation": (b'{"text": "a" b}', b'text\n"a" b', None),
    "escapes of lone surrogates": (
        rb'{"text": "a\ud800"}',
        "text\na\ud800".encode("utf-8", "surrogatepass"),
        None,
    ),
    "escapes of pairs": (rb'{"text": "\ud83d\ude00"}', "text\n\U0001f600".encode(), None),
    "escape of NUL": (rb'{"text": "a\u0000b"}', b"text\na\0b", pa.table({"text": ["a\0b"]})),
    "unknown escape": (rb'{"text": "\x41"}', b"text\n" + rb"\x41", None),
    "comment": (b'// rows\n{"text": "a"}', b"# rows\ntext\na", None),
    "several objects in a line": (b'{"text": "a"}{"text": "b"}', b"text\na\ttext\tb", None),
}

# What can happen to a packed file, whatever is packed.
PACKED: Mapping[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "cut in its header": lambda data: gzip.compress(data)[:5],
    "cut in the middle": lambda data: half(gzip.compress(data)),
    "cut before its check": lambda data: gzip.compress(data)[:-8],
    "wrong check": lambda data: gzip.compress(data)[:-8] + bytes(8),
    "bytes behind": lambda data: gzip.compress(data) + b"garbage",
    "zeros behind": lambda data: gzip.compress(data) + bytes(512),
    "empty": lambda data: b"",
    "of nothing": lambda data: gzip.compress(b""),
    "two members": lambda data: gzip.compress(half(data)) + gzip.compress(data[len(data) // 2 :]),
    "empty members": lambda data: gzip.compress(b"") + gzip.compress(data) + gzip.compress(b""),
    "zstandard inside": lambda data: zstandard.compress(data),
    "zlib": lambda data: zlib.compress(data),
    "bomb": lambda data: gzip.compress(data + bytes(20_000_000)),
}


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def plain(form: str, text: bytes) -> bytes:
    """Return a good file of a form around a text that may be none."""
    if form == "jsonl":
        return b'{"text": "' + b"".join(map(_json_escape, text)) + b'"}\n'
    if form == "csv":
        return b'text\n"' + text.replace(b'"', b'""') + b'"\n'
    return parquet(_unchecked_text(text)) if form == "parquet" else text


def whole(form: str, text: bytes) -> bytes:
    """Return the same, with plain text packed where the form is gz."""
    data = plain(form, text)
    return gzip.compress(data) if form == "gz" else data


def rows(kind: str, form: str) -> bytes | None:
    """Return a file with rows; packed .csv where the form is gz."""
    json, csv, table = ROWS[kind]
    if form == "parquet":
        return None if table is None else parquet(table)
    return {"txt": json, "jsonl": json, "csv": csv, "gz": gzip.compress(csv)}[form]


def parquet(table: pa.Table, **options: Any) -> bytes:
    """Return a .parquet file."""
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


def paths(folder: Path, form: str) -> Mapping[str, Path]:
    """Make things in a folder that are no files, and return them by kind."""
    made = {kind: folder / f"{kind}.{form}" for kind in ("folder", "link", "loop", "none")}
    made["folder"].mkdir()
    made["link"].symlink_to(folder / "nowhere")
    made["loop"].symlink_to(made["loop"])
    return made


def _json_escape(byte: int) -> bytes:
    """Return a byte of text as JSON has it."""
    return b"\\u%04x" % byte if byte < 0x20 or byte in b'"\\' else bytes([byte])


def _unchecked_text(text: bytes) -> pa.Table:
    """Return a table whose text is not looked at by Arrow."""
    cell = pa.array([text])
    return pa.table({"text": pa.StringArray.from_buffers(1, *cell.buffers()[1:])})
