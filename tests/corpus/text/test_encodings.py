"""The encoding of a file is found out, and never at the cost of a file that is UTF-8."""

import codecs
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textgen.config.corpus import TextPolicy
from textgen.corpus.statistics import CorpusStatistics
from textgen.corpus.text.encodings import SAMPLE_CHUNKS, find_encoding
from textgen.corpus.text.reader import read_text
from textgen.errors import DataError

# ruff: noqa: RUF001  # letters of other scripts are meant
RUSSIAN = "Все люди рождаются свободными и равными в своём достоинстве и правах.\n"
SPANISH = "El niño comió en España; ¿dónde está el corazón? ¡Qué bonito!\n"
GERMAN = "Über den Wolken muß die Freiheit wohl grenzenlos sein. Größe, Bäume, süß.\n"
JAPANESE = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。\n"
CHINESE = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。我们的祖国是花园。\n"
ENGLISH = "All human beings are born free and equal in dignity and rights.\n"
AUTO = TextPolicy(encoding="auto", normalize="none")


def cut(data: bytes, size: int = 1 << 16) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


@pytest.mark.parametrize("times", [3, 20_000])
@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (RUSSIAN, "cp866"),
        (RUSSIAN, "utf-16-le"),
        (SPANISH, "cp1252"),
        (GERMAN, "cp1252"),
        (JAPANESE, "cp932"),
        (JAPANESE, "euc_jp"),
        (JAPANESE, "utf-16-be"),
        (CHINESE, "gb18030"),
        (ENGLISH, "utf-16-le"),
        (ENGLISH, "utf-16-be"),
        (ENGLISH, "utf-32-le"),
    ],
)
def test_usual_encodings_are_told(text: str, encoding: str, times: int) -> None:
    assert find_encoding(cut((text * times).encode(encoding)), "x") == encoding


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_mark_is_believed(tmp_path: Path, encoding: str) -> None:
    path, statistics = tmp_path / "text.txt", CorpusStatistics()
    path.write_bytes(ENGLISH.encode(encoding))
    assert "".join(read_text(path, AUTO, name="mine", statistics=statistics)) == ENGLISH
    assert statistics.encodings == {"mine": encoding.removesuffix("-sig")}


@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff")))
def test_every_text_in_utf_8_is_taken_for_it(text: str) -> None:
    assert find_encoding(cut(text.encode()), "x") == "utf-8"


@pytest.mark.parametrize("shift", [1, 2, 3])
@pytest.mark.parametrize("encoding", ["cp932", "euc_jp"])
def test_sample_cut_inside_a_character_does_not_mislead(encoding: str, shift: int) -> None:
    long = ("x" * shift + JAPANESE.rstrip() * 10_000).encode(encoding)  # without a line end
    assert len(long) > (SAMPLE_CHUNKS + 2) << 16
    assert find_encoding(cut(long), "x") == encoding


def test_first_accent_after_megabytes_of_ascii_is_seen() -> None:
    assert find_encoding(cut((ENGLISH * 50_000 + SPANISH).encode("cp1252")), "x") == "cp1252"


def test_damaged_place_in_utf_8_is_not_taken_for_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "bad.txt"
    path.write_bytes((RUSSIAN * 5000).encode() + b"\xff\n" + RUSSIAN.encode())
    with pytest.raises(DataError, match=r"bad\.txt:5001: byte \d+ \(ff\) is not utf-8"):
        list(read_text(path, AUTO))


def test_bytes_that_are_no_text_are_an_error() -> None:
    with pytest.raises(DataError, match="x: its encoding cannot be told; name it with encoding"):
        find_encoding(cut(bytes(range(256)) * 10), "x")


def test_names_are_those_that_the_option_takes() -> None:
    found = find_encoding(cut(JAPANESE.encode("euc_jp")), "x")
    assert codecs.lookup(found).name == found
    assert TextPolicy(encoding=found).encoding == found
