"""What is no text is refused for what it is, in whatever encoding it is asked for."""

import bz2
import gzip
import io
import json
import lzma
import pickle
import random
import re
import shutil
import sqlite3
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import zstandard
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.corpus.hostile import PNG, parquet
from tests.corpus.reading import documents
from textgen.config.corpus import DocumentRule
from textgen.corpus.selection.filters import DocumentFilter
from textgen.corpus.statistics import CorpusStatistics
from textgen.corpus.text.signatures import find_kind
from textgen.errors import DataError


def zipped(**entries: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return out.getvalue()


def tarred() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.txt"))
    return out.getvalue()


def saved_array() -> bytes:
    out = io.BytesIO()
    np.save(out, np.arange(4))
    return out.getvalue()


def database() -> bytes:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("create table a (b)")
        return connection.serialize()


# What a file is called, and how one begins. Most are made by what makes them in life.
BINARY = {
    "a PDF file": b"%PDF-1.4\n1 0 obj\n<< /Length 44 >>\n",
    "a zip archive": zipped(readme="text"),
    "an EPUB book": zipped(mimetype="application/epub+zip"),
    "an OpenDocument text": zipped(mimetype="application/vnd.oasis.opendocument.text"),
    "a Word document": zipped(word__document_xml="<w/>"),
    "an Excel workbook": zipped(xl__workbook_xml="<w/>"),
    "an RTF document": rb"{\rtf1\ansi The fog\par}",
    "a document of old Microsoft Office": bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16),
    "packed with gzip": gzip.compress(b"some text"),
    "packed with bzip2": bz2.compress(b"some text"),
    "packed with xz": lzma.compress(b"some text"),
    "packed with LZMA": lzma.compress(b"some text", lzma.FORMAT_ALONE),
    "packed with Zstandard": zstandard.compress(b"some text"),
    "a 7z archive": b"7z\xbc\xaf\x27\x1c\0\x04",
    "a RAR archive": b"Rar!\x1a\x07\x01\0",
    "a tar archive": tarred(),
    "a Parquet table": parquet(pa.table({"text": ["a"]})),
    "an SQLite database": database(),
    "a NumPy array": saved_array(),
    "a pickle": pickle.dumps(["a text"]),
    "a safetensors file": (64).to_bytes(8, "little") + b'{"__metadata__":{}}',
    "a GGUF model": b"GGUF\x03\0\0\0",
    "a picture": PNG,
    "a sound file": b"ID3\x03\0\0\0\0\0\0",
    "a film or sound file": b"\0\0\0\x18ftypmp42",
    "a compiled program": b"\x7fELF\x02\x01\x01\0",
    "a font": b"\0\x01\0\0\0\x0b\0\x80",
}
POLICIES: list[dict[str, Any]] = [
    {},
    *({"encoding": name} for name in ("auto", "latin-1", "cp1252", "utf-16", "koi8-r", "cp037")),
    {"encoding_errors": "replace", "control_characters": "remove"},
    {"encoding": "latin-1", "control_characters": "remove"},
]
PACKINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": zstandard.compress,
}


def refusal(path: Path, **settings: Any) -> str:
    """Return why a file is refused, behind its name."""
    with pytest.raises(DataError) as caught:
        documents(path, **settings)
    assert str(caught.value).startswith(str(path))
    return str(caught.value).removeprefix(str(path))


@pytest.mark.parametrize("what", BINARY)
@settings(max_examples=20)
@given(
    tail=st.binary(max_size=3000),
    policy=st.sampled_from(POLICIES),
    packing=st.sampled_from(list(PACKINGS)),
    form=st.sampled_from(["txt", "csv", "jsonl", "tsv", "md"]),
)
def test_binary_files_are_refused_for_what_they_are_in_every_encoding(
    tmp_path_factory: pytest.TempPathFactory,
    what: str,
    tail: bytes,
    policy: dict[str, Any],
    packing: str,
    form: str,
) -> None:
    path = tmp_path_factory.getbasetemp() / f"hidden.{form}{packing}"
    path.write_bytes(PACKINGS[packing](BINARY[what] + tail))
    assert refusal(path, **policy).startswith(f": {what}, no plain text; ")


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("size", [600, 5000, 100_000])
def test_noise_is_refused_in_every_encoding(
    tmp_path: Path, policy: dict[str, Any], size: int
) -> None:
    path = tmp_path / "noise.txt"
    path.write_bytes(b"A" + random.Random(size).randbytes(size))
    assert refusal(path, **policy)


def test_zip_archives_that_say_no_more_are_told_by_their_names(tmp_path: Path) -> None:
    for name, what in (("a.docx", "a Word document"), ("a.zip", "a zip archive")):
        (tmp_path / name).write_bytes(zipped(mimetype="x"))
        assert refusal(tmp_path / name).startswith(f": {what}")


HONEST = {
    "a screenplay": "[INT. HARBOUR - NIGHT]\n\nDILYS\n(quietly)\nIs it late?\n",
    "stage directions": "{Enter HAMLET}\nTo be.\n",
    "footnotes": "[1] The first verse.\n[2] The second.\n",
    "references": "[1]\n[Smith 1990] Fog.\n[2]\n[Jones] Rain.\n",
    "an object and prose": '{"a": 1}\n{that was one}\n',
    "many comments": "<!-- a -->\n" * 60 + "# Fog\n",
    "a list in brackets": '["The fog" was all he said.\n',
    "TeX": "\\documentclass{article}\n\\begin{document}\n{\\it Fog}\n\\end{document}\n",
    "braces": "{\\rmfamily fog}\n",
    "Markdown with tags": '<p align="center"><img src="a.svg"></p>\n\n# Fog\n<!-- no -->\n',
    "Markdown with a comment": "<!-- title: Fog -->\n<h1>Fog</h1>\nText.\n",
    "a lesson": "<html> is the first tag of a page.\n",
    "Python": "import os\n\nif __name__ == '__main__':\n    print([1, {2: 3}])\n",
    "C": "/* a */\n#include <stdio.h>\nint main(void) { return 0; }\n",
    "JavaScript": "{\n  const a = [1, 2];\n}\n",
    "a shell script": "#!/bin/sh\necho %PDF-1.4\n",
    "Wikipedia's export": '<mediawiki xmlns="http://www.mediawiki.org/">\n<page>\n</page>\n',
    "a mail": "From: a@b.c\nSubject: Fog\n\nText.\n",
    "a car": "BMW builds cars.\n",
    "a person": "MZ is what she signed.\n",
    "trees": "ID3 trees learn from tables.\n",
    "archives": "Rar! he said. PK is a name. 7z, too.\n",
    "pictures": "GIF89a\n\nThe format of old.\n",
    "databases": "SQLite format 3 is what we use.\n",
    "a play": "ORC\nBah!\n\nOTTO\nNo.\n",
    "a form": "PAR1\nParagraph one.\n",
    "a manual of PDF": "%PDF-1.7 is how it begins.\n",
    "a log in colour": "\x1b[31mred\x1b[0m\n" * 200,
    "pages": "one\f\ntwo\f\n" * 200,
    "numbers": "1\n2\n3\n",
    "times": "00:00:01 --> 00:00:02 is how long it took.\n",
    "Russian": "ясно\n",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("kind", HONEST)
def test_honest_texts_are_read(tmp_path: Path, kind: str, encoding: str) -> None:
    path, statistics = tmp_path / "honest.txt", CorpusStatistics()
    path.write_bytes(HONEST[kind].encode(encoding))
    own = {} if encoding == "utf-8-sig" else {"encoding": encoding}
    assert documents(path, statistics, **own) == [HONEST[kind]]
    assert statistics.notes == []


@pytest.mark.parametrize(
    ("encoding", "line"),
    [
        *((name, "яблоко, ясно: ящик.\n") for name in ("cp1251", "koi8-r", "cp866", "iso8859-5")),
        *((name, "яблоко, ясно: ящик.\n") for name in ("utf-16-le", "utf-16-be", "utf-32-be")),
        *((name, "Ada\n") for name in ("cp037", "cp500", "utf-7")),
        *((name, "霧が来た。\n") for name in ("iso2022_jp", "shift_jis", "euc_jp")),
    ],
)
def test_texts_in_old_encodings_are_no_noise_and_no_signature(
    tmp_path: Path, encoding: str, line: str
) -> None:
    path, text = tmp_path / "old.txt", line * 300
    path.write_bytes(text.encode(encoding))
    assert documents(path, encoding=encoding) == [text]


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), st.binary(max_size=60))
def test_no_text_has_a_signature(text: str, other: bytes) -> None:
    """Prose in UTF-8 or UTF-16 is none of the binary kinds, whatever its letters."""
    assert find_kind(text.encode() + b"\n", ".txt") is None
    assert find_kind(text.encode("utf-16") + b"\n\0", ".txt") is None


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)
containers = st.lists(values, max_size=4) | st.dictionaries(st.text(max_size=4), values)


@given(containers, st.sampled_from([None, 2]), st.sampled_from(["txt", "json", "md"]))
@example("a text", None, "json")
@example(7, None, "json")
def test_json_is_refused_with_a_remedy(
    tmp_path_factory: pytest.TempPathFactory, value: Any, indent: int | None, form: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"value.{form}"
    path.write_text(json.dumps(value, indent=indent))
    assert ".jsonl" in refusal(path)


def test_json_that_is_longer_than_what_is_looked_at_is_refused(tmp_path: Path) -> None:
    rows = [{"text": f"row {number} of many, none of which is short"} for number in range(9000)]
    for value in (rows, {"meta": {"a": [1]}, "messages": rows}, [row["text"] for row in rows]):
        path = tmp_path / "long.txt"
        path.write_text(json.dumps(value))
        assert "no plain text" in refusal(path)
    path.write_text("[INT. HARBOUR]\n" + "Some lines of a play.\n" * 9000)
    assert documents(path)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.html", "<p>Fog</p>", ": HTML, no plain text; save it as text"),
        ("a.txt", "\n<!DOCTYPE HTML><p>Fog", ": HTML"),
        ("a.txt", "<html lang='en'>\n<head><title>Fog</title>", ": HTML"),
        ("a.txt", "<?xml version='1.0'?>\n<html><head></head>", ": HTML"),
        ("a.csv", "<!doctype html><html>too many requests", ": HTML"),
        ("a.svg", '<svg xmlns="http://www.w3.org/2000/svg"></svg>', ": an SVG picture"),
        ("a.fb2", '<?xml version="1.0"?><FictionBook xmlns="x">', ": a FictionBook"),
        ("a.ipynb", '{"cells": [], "nbformat": 4}', ": a Jupyter notebook"),
        ("a.json", "// a comment\n{}", ": JSON that cannot be read"),
        ("a.json", '{"text": "a"}\n{"text": "b"}\n', ": JSON with an object a line, no plain text"),
        (
            "a.txt",
            "version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
            ": a pointer of Git LFS",
        ),
    ],
)
def test_markup_is_refused_for_what_it_is(
    tmp_path: Path, name: str, content: str, told: str
) -> None:
    (tmp_path / name).write_text(content)
    assert refusal(tmp_path / name).startswith(told)


def test_xml_is_read_and_remarked_upon(tmp_path: Path) -> None:
    path, statistics = tmp_path / "a.xml", CorpusStatistics()
    path.write_text('<?xml version="1.0"?>\n<tei>Fog</tei>\n')
    assert len(documents(path, statistics)) == 1
    assert statistics.notes == [f"{path}: XML, whose tags are read as text"]


def test_subtitles_are_remarked_upon_and_the_remedy_works(tmp_path: Path) -> None:
    cue = "00:00:01,000 --> 00:00:02,000"
    for name, content in (
        ("a.srt", f"1\r\n{cue}\r\nFog.\r\n\r\n2\r\n{cue}\r\nMore fog.\r\n"),
        ("a.vtt", f"WEBVTT\n\n{cue.replace(',', '.')}\nFog.\n\n{cue}\nMore fog.\n"),
    ):
        path, statistics = tmp_path / name, CorpusStatistics()
        path.write_text(content, newline="")
        documents(path, statistics)
        (note,) = statistics.notes
        assert "subtitles" in note
        expression = note.partition("--drop-matching '")[2].partition("'")[0]
        rule = DocumentRule(documents="line", drop_matching=expression)
        assert kept(path, rule) == ["Fog.", "More fog."]


def kept(path: Path, rule: DocumentRule) -> list[str]:
    """Return the documents of a file that a rule does not leave out."""
    judge = DocumentFilter(rule)
    found = documents(path, **rule.to_dict())
    return [text for text in found if not judge.reason(len(text), partial(str, text), "a:1")]


def test_markers_are_remarked_upon_and_cut_documents(tmp_path: Path) -> None:
    path, statistics = tmp_path / "gpt2.txt", CorpusStatistics()
    path.write_text("<|startoftext|>One\n\nof two.<|endoftext|>\n<|startoftext|>Two<|endoftext|>\n")
    assert len(documents(path, statistics)) == 1
    assert "--documents marker" in statistics.notes[0]
    statistics = CorpusStatistics()
    assert documents(path, statistics, documents="marker") == ["One\n\nof two.", "Two"]
    assert statistics.notes == []


@pytest.mark.skipif(not shutil.which("jq"), reason="jq is not installed")
@pytest.mark.parametrize(
    ("name", "content", "texts"),
    [
        ("a.json", '[\n {"text": "a"},\n {"text": "b"}]', ["a", "b"]),
        ("a.json", '["a",\n "b"]', ["a", "b"]),
        ("a.json", '{"n": [1], "my texts": [{"text": "a"}, {"text": "b"}]}', ["a", "b"]),
        ("a.json", '{\n "text": "a"\n}', ["a"]),
        ("a.jsonl", '[\n {"text": "a"},\n {"text": "b"}]', ["a", "b"]),
        ("a.jsonl", '"a"\n"b"', ["a", "b"]),
        ("a.jsonl", '{"text": ["a", "b"]}\n{"text": "c"}', ["a\nb", "c"]),
        ("a.jsonl", '{"chat": [{"by": "x", "says": "a"}, {"by": "y", "says": "b"}]}', ["a\nb"]),
        ("a.jsonl", '{"id": "1", "my chat": [{"content": "a"}]}', ["a"]),
    ],
)
def test_the_jq_that_a_refusal_names_does_what_is_wanted(
    tmp_path: Path, name: str, content: str, texts: list[str]
) -> None:
    (tmp_path / name).write_text(content)
    *_, program = re.findall(r"jq -c (?:'([^']*)'|\.)", refusal(tmp_path / name))
    command = ["jq", "-c", program or "."]
    done = subprocess.run(command, input=content.encode(), capture_output=True, check=True)
    (tmp_path / "rows.jsonl").write_bytes(done.stdout)
    assert documents(tmp_path / "rows.jsonl") == texts
