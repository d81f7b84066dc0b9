"""A table is read as it was written, whatever is between its columns, or refused."""

import csv
import io
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.corpus.reading import documents, file_of
from textgen.corpus.statistics import CorpusStatistics
from textgen.corpus.tables.dialects import DELIMITERS, find_dialect
from textgen.errors import DataError

cells = st.text(st.sampled_from("ab,;\t|\"'\n =\ufeffé"), max_size=8)
tables = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), max_size=6)
)


AMBIGUOUS = "its quotation marks may enclose line ends, or be text"


def written(rows: list[list[str]], delimiter: str, quoting: Literal[0, 1]) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator="\n").writerows(rows)
    return out.getvalue()


def read(path: Path, width: int) -> list[list[str]] | str:
    """Return all cells of a table whose columns are c0, c1 and so on, or why it is refused."""
    try:
        return cells_of(path, width)
    except DataError as error:
        return str(error)


def cells_of(path: Path, width: int) -> list[list[str]]:
    columns = [
        documents(path, column=f"c{number}", normalize="none", strict=True)
        for number in range(width)
    ]
    return [list(row) for row in zip(*columns, strict=True)]


@given(
    tables,
    st.sampled_from(DELIMITERS),
    st.sampled_from(["csv", "tsv"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["", "\ufeff"]),
    st.booleans(),
)
def test_what_was_written_is_read_cell_by_cell_or_refused(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[list[str]],
    delimiter: str,
    form: str,
    quoting: Literal[0, 1],
    mark: str,
    is_named: bool,
) -> None:
    width = len(rows[0]) if rows else 2
    header = [f"c{number}" for number in range(width)]
    named = f"sep={delimiter}\n" * is_named
    path = tmp_path_factory.getbasetemp() / f"table.{form}"
    path.write_text(mark + named + written([header, *rows], delimiter, quoting), newline="")
    found = read(path, width)
    # A column of tabs beside commas looks like two columns.
    refused = AMBIGUOUS in found if delimiter == "\t" else isinstance(found, str) and form == "tsv"
    if width == 1:  # nothing in the file tells its delimiter from one in a text
        refused = refused or (isinstance(found, str) and any(d in found for d in DELIMITERS))
    assert found == rows or refused


@given(tables)
def test_unquoted_tables_with_tabs_are_read_cell_by_cell_or_refused(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    rows = [[cell.replace("\t", " ").replace("\n", " ") for cell in row] for row in rows]
    rows = [row for row in rows if len(row) > 1 and not any(is_enclosed(cell) for cell in row)]
    width = len(rows[0]) if rows else 2
    header = [f"c{number}" for number in range(width)]
    path = tmp_path_factory.getbasetemp() / "plain.tsv"
    path.write_text("".join("\t".join(row) + "\n" for row in [header, *rows]), newline="")
    found = read(path, width)
    assert found == rows or AMBIGUOUS in found


def is_enclosed(cell: str) -> bool:
    """Whether quotation marks may enclose a cell, which then is read without them."""
    return cell.startswith('"') and cell.endswith('"')


@pytest.mark.parametrize(
    ("content", "delimiter", "texts"),
    [
        ("name;text\nAda;Nebel\nBo;Regen\n", ";", ["Nebel", "Regen"]),
        ("name;text\nAda;Nebel, und Wind\n", ";", ["Nebel, und Wind"]),
        ('name;text\r\nBo;"Ein Satz; mit Strichpunkt"\r\n', ";", ["Ein Satz; mit Strichpunkt"]),
        ("name\ttext\nAda\tfog, rain; wind | sun\n", "\t", ["fog, rain; wind | sun"]),
        ("id|text\n1|a;b\n", "|", ["a;b"]),
        ("text;\nNebel\nRegen\n", ";", ["Nebel", "Regen"]),  # what spreadsheets leave behind
        ("price, in euro;text\n1,50;Nebel\n2;Regen\n", ";", ["Nebel", "Regen"]),
        ("sep=;\nname;text\nAda;Nebel\n", ";", ["Nebel"]),
        ('"sep=^"\nname^text\nAda^Nebel, und; Wind\n', "^", ["Nebel, und; Wind"]),
        ("text\na; b | c\n", ",", ["a; b | c"]),
        ("\n\nid,text\n1,a;b\n", ",", ["a;b"]),
        ("id,text,,\n1,ham,,\n2,spam,,\n", ",", ["ham", "spam"]),
        (",text\n0,a\n1,b\n", ",", ["a", "b"]),
        ("n,text,n\n1,a,2\n", ",", ["a"]),
        ('id, text\n1, "fog, rain"\n2, wind\n', ",", ["fog, rain", "wind"]),
        ("id,text\n1, wind\n", ",", [" wind"]),
    ],
)
def test_delimiters_are_found_out_and_told(
    tmp_path: Path, content: str, delimiter: str, texts: list[str]
) -> None:
    path, statistics = tmp_path / "a.csv", CorpusStatistics()
    path.write_text(content, newline="")
    assert documents(path, statistics, column="text") == texts
    found = [f"{path}: columns separated by {delimiter!r}"] if delimiter != "," else []
    assert statistics.notes == found


@pytest.mark.parametrize(
    ("form", "content", "error"),
    [
        (
            "csv",
            "name;price,eur\nAda;1,5\nBo;2,5\n",
            ": its columns may be separated by ',' or ';'",
        ),
        ("csv", "name;text\nAda;Nebel;Wind\n", ":2: 3 fields, but the first line has 2 with ';'"),
        ("csv", "text\nbread, salt\n", ":2: 2 fields, but the first line has 1; put quotation"),
        ("csv", 'name;text\nAda;"Nebel\n', ":2: unexpected end of data; close quotation marks"),
        ("csv", "n,text,text\n1,a,b\n", ":1: the column 'text' comes twice"),
        (
            "tsv",
            'id\ttext\n1\t"a" b\n2\tc\td\n',
            r""":2: '\t' expected after '"'; close quotation""",
        ),
    ],
)
def test_tables_that_do_not_add_up_are_refused_with_the_true_cause(
    tmp_path: Path, form: str, content: str, error: str
) -> None:
    path = tmp_path / f"a.{form}"
    path.write_text(content)
    with pytest.raises(DataError) as caught:
        documents(path, column="text")
    assert str(caught.value).startswith(f"{path}{error}")
    assert "\t" not in str(caught.value)


def test_a_line_that_names_the_delimiter_decides_where_two_would_do(tmp_path: Path) -> None:
    content = "name;price,eur\nAda;1,5\nBo;2,5\n"
    for delimiter, column, expected in ((";", "name", ["Ada", "Bo"]), (",", "eur", ["5", "5"])):
        path = tmp_path / "a.csv"
        path.write_text(f"sep={delimiter}\n{content}")
        assert documents(path, column=column) == expected


@pytest.mark.parametrize(
    ("content", "texts", "is_quoted"),
    [
        (
            'id\ttext\n1\t"Quoted" at the start\n2\tplain\n',
            ['"Quoted" at the start', "plain"],
            False,
        ),
        (
            'id\ttext\n1\t"Opens and never closes\n2\tplain\n',
            ['"Opens and never closes', "plain"],
            False,
        ),
        ('id\ttext\n1\t"all of it"\n2\ta 5" pipe\n', ["all of it", 'a 5" pipe'], True),
        ('id\ttext\n1\t"with a\ttab"\n2\t"and\nlines"\n', ["with a\ttab", "and\nlines"], True),
        ('text\n"and\nlines"\n', ["and\nlines"], True),
        ('text\n"never closed\nplain\n', ['"never closed', "plain"], False),
    ],
)
def test_quotes_in_tables_with_tabs_are_what_adds_up(
    tmp_path: Path, content: str, texts: list[str], is_quoted: bool
) -> None:
    path, statistics = tmp_path / "a.tsv", CorpusStatistics()
    path.write_text(content)
    assert documents(path, statistics, column="text") == texts
    assert find_dialect(path, file_of(path)).is_quoted == is_quoted
    assert statistics.notes == [f"{path}: quotation marks taken for text"] * (not is_quoted)


def test_a_quote_far_behind_the_beginning_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    lines = [f"{number}\trow {number}" for number in range(3000)]
    path.write_text("\n".join(["id\ttext", *lines, '3000\t"Opens and never closes', "3001\tlast"]))
    assert documents(path, column="text")[-2:] == ['"Opens and never closes', "last"]


def test_an_ambiguous_quote_is_refused_rather_than_swallowing_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text('id\ttext\n1\t"Opens\n2\tplain\n3\tends so"\n')
    with pytest.raises(DataError, match=r"a\.tsv:2: its quotation marks may enclose line ends"):
        documents(path, column="text")
