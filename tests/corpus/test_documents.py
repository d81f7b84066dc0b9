"""Every form of corpus gives the same documents, whatever way its bytes arrive."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scripts_of_the_world import FORMS, PACKINGS, TEXTS, write
from textgen.config.corpus import CorpusConfig
from textgen.corpus.documents import EMPTY_CELLS, _lines, _paragraphs, read_documents
from textgen.corpus.sources import open_source
from textgen.errors import DataError, UsageError

ALL = list(TEXTS.values())


def documents(corpus: Path, **settings: Any) -> list[str]:
    """Return the documents of a corpus, each whole."""
    return read(corpus, Counter(), **settings)


def read(corpus: Path, skipped: Counter[str], **settings: Any) -> list[str]:
    found: list[str] = []
    pieces: list[str] = []
    with open_source(str(corpus), settings) as source:
        for part in source.parts:
            for piece in read_documents(part, source.config, skipped):
                if piece is None:
                    found.append("".join(pieces))
                    pieces = []
                else:
                    pieces.append(piece)
    assert not pieces  # every document is ended
    return found


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_every_script_back(tmp_path: Path, form: str, packing: str) -> None:
    path = write(tmp_path, f"corpus{form}{packing}", ALL)
    expected = ["".join(ALL)] if form == ".txt" else ALL
    assert documents(path, normalize="none") == expected


@pytest.mark.parametrize("form", FORMS)
def test_file_line_and_paragraph_are_the_same_in_every_form(tmp_path: Path, form: str) -> None:
    path = write(tmp_path, f"corpus{form}", ["one\ntwo\n\n", "three\n", "  \n\nfour\nfive"])
    whole = "one\ntwo\n\nthree\n  \n\nfour\nfive"
    assert documents(path, documents="file") == [whole + ("" if form == ".txt" else "\n")]
    lines = ["one", "two", "three", "  ", "four", "five"]
    assert documents(path, documents="line") == lines
    rows = ["one\ntwo", "three", "four\nfive"]
    assert documents(path, documents="paragraph") == rows


def test_strict_lines_keep_the_empty_ones(tmp_path: Path) -> None:
    path = write(tmp_path, "corpus.txt", ["one two\n", "\n", "\n", " three\n"])
    assert documents(path, tokenizer="word", strict=True) == ["one two", "", "", " three"]
    table = write(tmp_path, "corpus.jsonl", ["one two", "", " three\n"])
    assert documents(table, tokenizer="word", strict=True) == ["one two", "", " three\n"]


@given(st.lists(st.text("ab \n", max_size=6), max_size=8))
def test_lines_are_those_of_the_whole_text_however_it_is_cut(pieces: list[str]) -> None:
    lines, current = [], ""
    for piece in _lines(iter([*pieces, None])):
        if piece is None:
            lines.append(current)
            current = ""
        else:
            current += piece
    whole = "".join(pieces)
    assert lines == whole.removesuffix("\n").split("\n") if whole else lines == []


@given(st.lists(st.text("ab \n", max_size=6), max_size=8))
def test_paragraphs_do_not_depend_on_how_the_text_is_cut(pieces: list[str]) -> None:
    assert _whole(_paragraphs(iter([*pieces, None]))) == _whole(
        _paragraphs(iter(["".join(pieces), None]))
    )


def _whole(pieces: Any) -> list[str]:
    return "".join("\x01" if piece is None else piece for piece in pieces).split("\x01")


def test_rows_are_not_to_be_had_of_plain_text(tmp_path: Path) -> None:
    path = write(tmp_path, "corpus.txt", ALL)
    with pytest.raises(UsageError, match="plain text has no rows"):
        documents(path, documents="row")


def test_null_and_empty_cells_are_skipped_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl"
    path.write_text('{"text": "a"}\n\n{"text": null}\n{"text": ""}\n{"text": "b", "more": 1}\n')
    skipped: Counter[str] = Counter()
    assert read(path, skipped) == ["a", "b"]
    assert skipped == {EMPTY_CELLS: 2}
    for form in (".csv", ".tsv", ".parquet"):
        table = write(tmp_path, f"corpus{form}", ["a", "", "NA", "007", "null"])
        skipped.clear()
        assert read(table, skipped) == ["a", "NA", "007", "null"]
        assert skipped == {EMPTY_CELLS: 1}


@pytest.mark.parametrize("form", FORMS[1:])
def test_columns_and_templates_choose_the_text(tmp_path: Path, form: str) -> None:
    path = write(tmp_path, f"corpus{form}", ["one", "two"])
    assert documents(path, column="text") == ["one", "two"]
    assert documents(path, template=r"$number:\n$text$$") == ["0:\none$", "1:\ntwo$"]
    for settings in ({"column": "title"}, {"template": "$title"}):
        with pytest.raises(DataError) as caught:
            documents(path, **settings)
        assert "no column 'title'; its columns are: number, text" in str(caught.value)


def test_column_names_with_spaces_go_in_braces(tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl"
    path.write_text('{"first name": "Ada", "last name": "Quay"}\n')
    assert documents(path, template="${last name}, ${first name}") == ["Quay, Ada"]
    with pytest.raises(DataError, match=r"which column holds the text\?.*first name, last name"):
        documents(path)


def test_only_column_of_text_must_be_the_one(tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl"
    path.write_text('{"id": 1, "body": "one"}\n{"id": 2, "body": "two"}\n')
    assert documents(path) == ["one", "two"]


def test_templates_look_nothing_up() -> None:
    for template in ("$", "${text", "no name", "$$text"):
        with pytest.raises(UsageError, match="template"):
            CorpusConfig(template=template)
    with pytest.raises(UsageError, match="exclude each other"):
        CorpusConfig(template="$text", column="text")


def test_escapes_in_json_are_normalized_like_other_text(tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl"
    path.write_text('{"text": "e\\u0301\\r\\nx"}\n')
    assert documents(path) == ["é\nx"]
    path.write_text('{"text": "fine"}\n{"text": "\\ud800"}\n')
    with pytest.raises(DataError, match=r"corpus\.jsonl:2: .*surrogate"):
        documents(path)


def test_empty_tables_hold_no_documents(tmp_path: Path) -> None:
    for name in ("a.csv", "a.jsonl", "a.csv.gz"):
        (tmp_path / name).write_bytes(b"")
        if name.endswith(".gz"):
            write(tmp_path, name, [])
        assert documents(tmp_path / name) == []
