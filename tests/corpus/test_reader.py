"""Bytes become clean text, in pieces that make no difference, and errors name the place."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textgen.config.corpus import TextPolicy
from textgen.corpus.reader import read_text
from textgen.corpus.text import clean_text
from textgen.errors import DataError

# NUL is refused by the reader; everything else, however odd, is text.
texts = st.text(
    st.one_of(
        st.sampled_from("ab \n\r\u0301\u0323\u1100\u1161\u11a8é\u212b\ufb01\ufeff"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    )
)


@settings(max_examples=300, deadline=None)
@given(text=texts, form=st.sampled_from(["none", "nfc", "nfkc"]), chunk=st.integers(1, 9))
def test_pieces_join_to_the_clean_text_however_small_they_are(
    tmp_path_factory: pytest.TempPathFactory, text: str, form: str, chunk: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "pieces.txt"
    path.write_bytes(text.encode())
    pieces = list(read_text(path, TextPolicy(normalize=form), chunk_bytes=chunk))
    assert "".join(pieces) == clean_text(text.removeprefix("\ufeff"), form)


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
    assert "--encoding" in str(caught.value)


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


def test_long_line_is_cut_into_pieces(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_bytes(b"word " * 10_000)
    pieces = list(read_text(path, TextPolicy(), chunk_bytes=1000))
    assert max(map(len, pieces)) <= 3000
    assert "".join(pieces) == "word " * 10_000


def test_lone_surrogate_is_an_error_that_names_the_character() -> None:
    with pytest.raises(DataError, match=r"character 3 .* U\+D800|character 3 of the text"):
        clean_text("ab\ud800", "nfc")


def test_normal_forms_are_those_of_unicode() -> None:
    assert clean_text("e\u0301 ﬁ", "nfc") == unicodedata.normalize("NFC", "e\u0301 ﬁ") == "é ﬁ"
    assert clean_text("e\u0301 ﬁ", "nfkc") == "é fi"
    assert clean_text("e\u0301 ﬁ", "none") == "e\u0301 ﬁ"
