"""Every form of corpus gives the same documents, whatever way its bytes arrive."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.corpus.reading import documents, file_of, whole, write_rows
from tests.scripts_of_the_world import FORMS, PACKINGS, TEXTS, write
from textgen.config.corpus import CorpusConfig
from textgen.corpus.documents import (
    MARKER,
    PIECE,
    End,
    Unit,
    _lines,
    _marked,
    _paragraphs,
    read_documents,
)
from textgen.corpus.statistics import CorpusStatistics
from textgen.corpus.tables.rows import EMPTY_CELLS
from textgen.errors import DataError, UsageError

ALL = list(TEXTS.values())


def places(path: Path, **settings: Any) -> list[str]:
    """Return where the documents of a file began, after its folder."""
    pieces = read_documents(file_of(path, **settings), CorpusStatistics())
    return [where.removeprefix(f"{path.parent}/") for _, where, _ in whole(pieces)]


def labels(path: Path, **settings: Any) -> list[str]:
    pieces = read_documents(file_of(path, **settings), CorpusStatistics())
    return [label for _, _, label in whole(pieces)]


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_every_script_back(tmp_path: Path, form: str, packing: str) -> None:
    path = write(tmp_path, f"corpus{form}{packing}", ALL)
    expected = ["".join(ALL)] if form == ".txt" else ALL
    assert documents(path, normalize="none") == expected


@pytest.mark.parametrize("form", FORMS)
def test_file_line_and_paragraph_are_the_same_in_every_form(tmp_path: Path, form: str) -> None:
    path = write(tmp_path, f"corpus{form}", ["one\ntwo\n\n", "three\n", "  \n\nfour\nfive"])
    text = "one\ntwo\n\nthree\n  \n\nfour\nfive"
    assert documents(path, documents="file") == [text + ("" if form == ".txt" else "\n")]
    lines = ["one", "two", "three", "  ", "four", "five"]
    assert documents(path, documents="line") == lines
    rows = ["one\ntwo", "three", "four\nfive"]
    assert documents(path, documents="paragraph") == rows


def test_a_document_knows_where_it_began(tmp_path: Path) -> None:
    text = write(tmp_path, "a.txt", ["\n\none\ntwo\n\n \nthree"])
    assert places(text) == ["a.txt"]
    assert places(text, documents="line") == ["a.txt:3", "a.txt:4", "a.txt:6", "a.txt:7"]
    assert places(text, documents="paragraph") == ["a.txt:3", "a.txt:7"]
    table = write(tmp_path, "a.csv", ["one\ntwo", "three"])
    assert places(table) == ["a.csv:2", "a.csv:4"]
    assert places(table, documents="line") == ["a.csv:2", "a.csv:2", "a.csv:4"]
    assert places(table, documents="file") == ["a.csv"]
    assert places(write(tmp_path, "a.jsonl", ["a", "", "c"])) == ["a.jsonl:1", "a.jsonl:3"]
    columns = write(tmp_path, "a.parquet", ["a", "", "c"])
    assert places(columns) == ["a.parquet: row 1", "a.parquet: row 3"]


def test_strict_lines_keep_the_empty_ones(tmp_path: Path) -> None:
    path = write(tmp_path, "corpus.txt", ["one two\n", "\n", "\n", " three\n"])
    assert documents(path, strict=True) == ["one two", "", "", " three"]
    table = write(tmp_path, "corpus.jsonl", ["one two", "", " three\n"])
    assert documents(table, strict=True) == ["one two", "", " three\n"]


@given(st.lists(st.text("ab \n", max_size=6), max_size=8))
def test_lines_are_those_of_the_whole_text_however_it_is_cut(pieces: list[str]) -> None:
    text = "".join(pieces)
    lines = text.removesuffix("\n").split("\n") if text else []
    expected = [(line, f"a:{number}", "x") for number, line in enumerate(lines, 1)]
    assert whole(_lines(Unit("a", "x", pieces, has_lines=True))) == expected


@given(st.lists(st.text("ab \n", max_size=6), max_size=8))
def test_paragraphs_are_those_of_the_whole_text_however_it_is_cut(pieces: list[str]) -> None:
    expected: list[tuple[list[str], str, str]] = []
    after_blank = True
    for number, line in enumerate("".join(pieces).split("\n"), 1):
        if line.strip():
            if after_blank:
                expected.append(([], f"a:{number}", ""))
            expected[-1][0].append(line)
        after_blank = not line.strip()
    found = whole(_paragraphs(Unit("a", "", pieces, has_lines=True)))
    assert found == [("\n".join(lines), where, label) for lines, where, label in expected]


words = st.text("a<|end \n", max_size=4)
marked = st.lists(words | st.sampled_from(["<|startoftext|>", "<|endoftext|>"]), max_size=8)


@given(marked, st.integers(1, 20))
@example(["a", "<|endoftext|>", "\nb"], 1)
def test_markers_cut_the_whole_text_however_it_is_cut(files: list[str], size: int) -> None:
    text, expected, line = "".join(files), list[tuple[str, str, str]](), 1
    for piece in re.split("(\n?<\\|(?:start|end)oftext\\|>\n?)", text):
        if not MARKER.fullmatch(piece):
            expected.append((piece, f"a:{line}", ""))
        line += piece.count("\n")
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    assert whole(_marked(Unit("a", "", pieces, has_lines=True))) == expected


def test_null_and_empty_cells_are_skipped_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl"
    path.write_text('{"text": "a"}\n\n{"text": null}\n{"text": ""}\n{"text": "b", "more": 1}\n')
    statistics = CorpusStatistics()
    assert documents(path, statistics) == ["a", "b"]
    assert statistics.removed == {EMPTY_CELLS: 2}
    for form in (".csv", ".tsv", ".parquet"):
        table, statistics = (
            write(tmp_path, f"corpus{form}", ["a", "", "NA", "007", "null"]),
            CorpusStatistics(),
        )
        assert documents(table, statistics) == ["a", "NA", "007", "null"]
        assert statistics.removed == {EMPTY_CELLS: 1}


@pytest.mark.parametrize("form", FORMS[1:])
def test_columns_and_templates_choose_the_text(tmp_path: Path, form: str) -> None:
    path = write(tmp_path, f"corpus{form}", ["one", "two"])
    assert documents(path, column="text") == ["one", "two"]
    assert documents(path, template=r"$number:\n$text$$") == ["0:\none$", "1:\ntwo$"]
    unknown: list[Any] = [{"column": "title"}, {"template": "$title"}, {"label_column": "title"}]
    for settings in unknown:
        with pytest.raises(DataError) as caught:
            documents(path, **settings)
        assert "no column 'title'; its columns are: number, text" in str(caught.value)


def test_column_names_with_spaces_go_in_braces(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "corpus.jsonl", {"first name": "Ada", "last name": "Quay"})
    assert documents(path, template="${last name}, ${first name}") == ["Quay, Ada"]
    with pytest.raises(DataError, match=r"which column holds the text\?.*first name, last name"):
        documents(path)


def test_only_column_of_text_must_be_the_one(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "a.jsonl", {"id": 1, "body": "one"}, {"id": 2, "body": "two"})
    assert documents(path) == ["one", "two"]


def test_templates_look_nothing_up() -> None:
    for template in ("$", "${text", "no name", "$$text"):
        with pytest.raises(UsageError, match="template"):
            CorpusConfig(template=template)
    with pytest.raises(UsageError, match="exclude each other"):
        CorpusConfig(template="$text", column="text")


def test_where_keeps_rows_with_one_of_the_values_in_every_column(tmp_path: Path) -> None:
    rows = [
        {"text": "a", "language": "en", "year": 1999, "good": True},
        {"text": "b", "language": "de", "year": 2001, "good": True},
        {"text": "c", "language": "fr", "year": 1999, "good": False},
        {"text": "d", "language": None, "year": None, "good": None},
    ]
    path, statistics = write_rows(tmp_path / "corpus.jsonl", *rows), CorpusStatistics()
    either = (("language", "en"), ("language", "de"))
    assert documents(path, statistics, where=either) == ["a", "b"]
    assert statistics.removed == {"rows that are not where language=en or de": 2}
    assert documents(path, where=(*either, ("year", "1999"))) == ["a"]
    assert documents(path, where=(("good", "false"),)) == ["c"]
    with pytest.raises(DataError, match="no column 'lang'; its columns are: text, language"):
        documents(path, where=(("lang", "en"),))


@pytest.mark.parametrize("form", FORMS[1:])
def test_where_is_the_same_in_every_form(tmp_path: Path, form: str) -> None:
    path, statistics = write(tmp_path, f"corpus{form}", ["one", "two", ""]), CorpusStatistics()
    assert documents(path, statistics, where=(("number", "1"),)) == ["two"]
    assert statistics.removed == {"rows that are not where number=1": 2}


def test_labels_are_the_cells_and_else_those_of_the_part(tmp_path: Path) -> None:
    rows = [{"text": "a\nb", "by": "Ada"}, {"text": "c", "by": ""}, {"text": "d", "by": None}]
    path = write_rows(tmp_path / "corpus.jsonl", *rows)
    assert labels(path, column="text", label_column="by") == ["Ada", "", ""]
    cells = labels(path, column="text", label_column="by", label="letters", documents="line")
    assert cells == ["Ada", "Ada", "letters", "letters"]
    assert labels(path, column="text", label="letters", documents="file") == ["letters"]
    assert labels(write(tmp_path, "a.txt", ["a"]), label="letters") == ["letters"]


def test_escapes_in_json_are_cleaned_like_other_text(tmp_path: Path) -> None:
    path, statistics = (
        write_rows(tmp_path / "corpus.jsonl", {"text": "e\u0301\r\nx"}),
        CorpusStatistics(),
    )
    assert documents(path, statistics) == ["é\nx"]
    assert sum(statistics.changes.values()) == 2
    path.write_text('{"text": "fine"}\n{"text": "\\ud800"}\n')
    with pytest.raises(DataError, match=r"corpus\.jsonl:2: .*surrogate"):
        documents(path)


@pytest.mark.parametrize("text", ["e\u0301\r\n" * PIECE, "e\u0301\r" * PIECE, "xe\u0301" * PIECE])
def test_long_rows_come_in_pieces_as_clean_as_short_ones(tmp_path: Path, text: str) -> None:
    path = write_rows(tmp_path / "corpus.jsonl", {"text": text})
    statistics = CorpusStatistics()
    *pieces, end = read_documents(file_of(path), statistics)
    assert isinstance(end, End)
    assert max(map(len, pieces)) <= 2 * PIECE
    assert len(pieces) > 1
    clean = text.replace("e\u0301", "é").replace("\r\n", "\n").replace("\r", "\n")
    assert "".join(map(str, pieces)) == clean
    assert statistics.changes.total() == (2 * PIECE if "\r" in text else 1)


def test_empty_tables_hold_no_documents(tmp_path: Path) -> None:
    for name in ("a.csv", "a.jsonl"):
        (tmp_path / name).write_bytes(b"")
        assert documents(tmp_path / name) == []
    for name in ("b.csv", "b.jsonl.zst", "b.csv.gz", "b.parquet"):
        assert documents(write(tmp_path, name, [])) == []
