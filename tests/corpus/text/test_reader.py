"""Bytes become clean text, in pieces that make no difference, and errors name the place."""

import gzip
import time
import tracemalloc
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textgen.config.corpus import TextPolicy
from textgen.corpus.statistics import CorpusStatistics
from textgen.corpus.text.cleaning import TextCleaner
from textgen.corpus.text.reader import read_raw, read_text
from textgen.errors import DataError

# What chunks could cut in two, or bring together by taking something out.
odd = st.sampled_from("ab \n\r\x01\u0301\u0323\u1100\u1161\u11a8é\u212b\ufb01\uff9e\ufeff")
texts = st.text(st.one_of(odd, st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
policies = st.builds(
    TextPolicy,
    control_characters=st.sampled_from(["keep", "remove"]),
    encoding_errors=st.sampled_from(["strict", "replace"]),
    normalize=st.sampled_from(["none", "nfc", "nfkc"]),
)
MARKS = "byte order marks taken off"


@settings(max_examples=400, deadline=None)
@given(text=texts, policy=policies, chunk=st.integers(1, 9))
def test_pieces_and_counts_are_those_of_the_whole_however_small_the_chunks(
    tmp_path_factory: pytest.TempPathFactory, text: str, policy: TextPolicy, chunk: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "pieces.txt"
    path.write_bytes(text.encode())
    statistics, whole = CorpusStatistics(), CorpusStatistics()
    pieces = list(read_text(path, policy, statistics=statistics, chunk_bytes=chunk))
    assert "".join(pieces) == TextCleaner(policy, whole).clean(text.removeprefix("\ufeff"))
    assert statistics.changes.pop(MARKS, 0) == text.startswith("\ufeff")
    assert statistics.changes == whole.changes
    assert all(statistics.changes.values())  # no change is told of that did not happen


@settings(max_examples=300, deadline=None)
@given(
    data=st.binary(max_size=40),
    encoding=st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "shift_jis", "gb18030", "euc_jp"]),
    chunk=st.integers(1, 9),
)
def test_bytes_that_are_no_text_are_replaced_as_in_the_whole_and_counted(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, encoding: str, chunk: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "replaced.txt"
    path.write_bytes(data)
    policy = TextPolicy(encoding=encoding, encoding_errors="replace", control_characters="remove")
    statistics, whole = CorpusStatistics(), data.decode(encoding, "replace")
    text = "".join(read_text(path, policy, statistics=statistics, chunk_bytes=chunk))
    assert text == TextCleaner(policy, CorpusStatistics()).clean(whole.removeprefix("\ufeff"))
    own = data.decode(encoding, "ignore").count("\ufffd")
    replaced = statistics.changes[f"byte sequences that are not {encoding} replaced by U+FFFD"]
    assert replaced == whole.count("\ufffd") - own


def test_utf_16_without_its_mark_is_an_error_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "bare.txt"
    path.write_bytes("text".encode("utf-16-le"))
    with pytest.raises(DataError, match=r"bare\.txt: not utf-16 .*BOM.*with encoding"):
        list(read_text(path, TextPolicy(encoding="utf-16")))


@given(text=st.text("ae\u0301\u0323\u1100\u1161\u11a8", max_size=40), chunk=st.integers(1, 6))
def test_long_lines_are_never_cut_between_characters_that_combine(
    tmp_path_factory: pytest.TempPathFactory, text: str, chunk: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "combining.txt"
    path.write_bytes(text.encode())
    pieces = read_text(path, TextPolicy(), chunk_bytes=chunk)
    assert "".join(pieces) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("chunk", [1, 2, 3, 4])
def test_byte_order_mark_is_taken_off_once(tmp_path: Path, chunk: int) -> None:
    path = tmp_path / "bom.txt"
    path.write_bytes("\ufeff\ufeffa\ufeff".encode())
    assert "".join(read_text(path, TextPolicy(), chunk_bytes=chunk)) == "\ufeffa\ufeff"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "latin-1", "shift_jis"])
def test_encodings_are_decoded(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes("one\r\ntwo\rthree".encode(encoding))
    assert "".join(read_text(path, TextPolicy(encoding=encoding))) == "one\ntwo\nthree"


@pytest.mark.parametrize("chunk", [1, 7, 1 << 16])
def test_undecodable_byte_names_file_line_and_byte(tmp_path: Path, chunk: int) -> None:
    path = tmp_path / "bad.txt"
    path.write_bytes("naïve\r\nline two\r\nx".encode() + b"\xff rest")
    with pytest.raises(DataError) as caught:
        list(read_text(path, TextPolicy(), chunk_bytes=chunk))
    assert str(caught.value).startswith(f"{path}:3: byte 19 (ff) is not utf-8")
    assert "with encoding" in str(caught.value)


def test_character_cut_off_at_the_end_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "cut.txt"
    path.write_bytes("one\né".encode()[:-1])
    with pytest.raises(DataError, match=r"cut\.txt:2: byte 4"):
        list(read_text(path, TextPolicy()))


@pytest.mark.parametrize("chunk", [1, 1 << 16])
def test_nul_names_file_and_line(tmp_path: Path, chunk: int) -> None:
    path = tmp_path / "nul.txt"
    path.write_bytes(b"one\rtwo\nth\0ree")
    with pytest.raises(DataError, match=r"nul\.txt:3: NUL"):
        list(read_text(path, TextPolicy(), chunk_bytes=chunk))


@pytest.mark.parametrize("chunk", [1, 2, 3, 1 << 16])
@pytest.mark.parametrize(
    ("encoding", "bad"),
    [
        ("utf-16-be", b"\xdc\x00\x00a"),
        ("utf-16", b"\x00\xdca\x00"),
        ("shift_jis", b"\xff"),
        ("gb18030", b"\xff"),
    ],
)
def test_place_of_a_bad_byte_is_right_in_every_encoding(
    tmp_path: Path, encoding: str, bad: bytes, chunk: int
) -> None:
    path = tmp_path / "bad.txt"
    before = "漢字\r\n一行\r漢".encode(encoding)
    path.write_bytes(before + bad)
    with pytest.raises(
        DataError, match=rf"bad\.txt:3: byte {len(before)} \(.*\) is not {encoding}"
    ):
        list(read_text(path, TextPolicy(encoding=encoding), chunk_bytes=chunk))


def test_nul_of_utf_16_points_to_the_search_for_the_encoding(tmp_path: Path) -> None:
    path = tmp_path / "wide.txt"
    path.write_bytes("wide text\n".encode("utf-16-le") * 9)
    with pytest.raises(DataError, match=r"wide\.txt:1: NUL.*encoding='auto'"):
        list(read_text(path, TextPolicy()))
    assert "".join(read_text(path, TextPolicy(encoding="auto"))) == "wide text\n" * 9


def test_packed_file_reads_as_the_plain_one(tmp_path: Path) -> None:
    path, statistics = tmp_path / "text.gz", CorpusStatistics()
    path.write_bytes(gzip.compress("\ufeffnaïve\r\n".encode("utf-8") * 9))
    policy = TextPolicy(encoding="auto")
    text = "".join(read_text(path, policy, name="mine", packing=".gz", statistics=statistics))
    assert text == "\ufeff".join(["naïve\n"] * 9)
    assert statistics.encodings == {"mine": "utf-8"}
    assert statistics.changes == {MARKS: 1, "CRLF line ends turned into LF": 9}


@given(text=texts, chunk=st.integers(1, 9))
def test_raw_text_differs_in_mark_and_line_ends_alone(
    tmp_path_factory: pytest.TempPathFactory, text: str, chunk: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "raw.txt"
    path.write_bytes(text.encode())
    raw = "".join(read_raw(path, TextPolicy(), chunk_bytes=chunk))
    assert raw == text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize("unit", ["word ", "漢字", "ไทย", "\u0301\u0301", "\x01\x02", "\U0001f600"])
def test_time_and_memory_for_a_line_do_not_grow_with_it(tmp_path: Path, unit: str) -> None:
    path = tmp_path / "long.txt"
    path.write_bytes(unit.encode() * ((4 << 20) // len(unit.encode())))
    tracemalloc.start()
    began = time.process_time()
    size = sum(map(len, read_text(path, TextPolicy())))
    seconds = time.process_time() - began
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size == (4 << 20) // len(unit.encode()) * len(unit)
    assert most < 3e6
    assert seconds < 10  # it takes less than two; quadratic it would take minutes


def test_long_line_is_cut_into_pieces(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_bytes(b"word " * 10_000)
    pieces = list(read_text(path, TextPolicy(), chunk_bytes=1000))
    assert max(map(len, pieces)) <= 3000
    assert "".join(pieces) == "word " * 10_000
