"""A new form of corpus files takes a reader, and a line in `FORMS`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.corpus.reading import documents, file_of
from textgen.corpus.corpus_file import CorpusFile, LocalFile
from textgen.corpus.forms import BUILDER, FORMS, TableForm, TextForm, form_of
from textgen.corpus.resolve import open_source
from textgen.corpus.statistics import CorpusStatistics
from textgen.corpus.tables.table import Table
from textgen.corpus.text.reader import clean_chunks
from textgen.errors import DataError, MissingInput, UsageError
from textgen.report.corpus_check import check_file


def open_shouts(path: Path, file: CorpusFile, statistics: CorpusStatistics) -> Iterator[str]:
    """Return the text of a file that shouts."""
    text = path.read_text()
    if not text.isupper():
        raise DataError(f"{file.name}: nobody shouts here")
    return clean_chunks(iter([text]), file.rule, name=file.name, statistics=statistics)


@contextmanager
def open_pairs(path: Path, file: CorpusFile, statistics: CorpusStatistics) -> Iterator[Table]:
    """Yield a table of pairs, as name=text in each line."""
    rows = [line.split("=") for line in path.read_text().splitlines()]
    cells = ((file.name, {"name": name, "text": text}) for name, text in rows)
    yield Table(file.name, {"name": True, "text": True}, lambda columns: iter(cells))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with files of two new forms."""
    monkeypatch.setitem(FORMS, "shout", TextForm(".shout", open_shouts))
    monkeypatch.setitem(FORMS, "pairs", TableForm(".pairs", open_pairs))
    (tmp_path / "a.shout").write_text("AHOY\nTHE FERRY\n")
    (tmp_path / "b.pairs").write_text("one=first\ntwo=second\n")
    return tmp_path


def test_files_of_a_new_form_are_found_and_read(folder: Path) -> None:
    with open_source(str(folder), {}) as source:
        assert [(file.form, file.split) for file in source.files] == [
            ("shout", None),
            ("pairs", None),
        ]
    assert documents(folder / "a.shout") == ["AHOY\nTHE FERRY\n"]
    assert documents(folder / "a.shout", documents="line") == ["AHOY", "THE FERRY"]
    assert documents(folder / "b.pairs") == ["first", "second"]
    assert documents(folder / "b.pairs", template="$name: $text", documents="file") == [
        "one: first\ntwo: second\n"
    ]


def test_check_shows_the_columns_of_a_new_form_of_tables(folder: Path) -> None:
    assert check_file(file_of(folder / "a.shout")).columns == ()
    assert check_file(file_of(folder / "b.pairs")).columns == ("name", "text")
    (folder / "a.shout").write_text("psst")
    assert check_file(file_of(folder / "a.shout")).problem.endswith("nobody shouts here")


def test_options_for_rows_name_the_new_form_and_are_refused_of_a_new_text(folder: Path) -> None:
    where: dict[str, Any] = {"where": (("name", "one"),)}
    with pytest.raises(UsageError, match=r"tables \(\.csv .* \.pairs\)"):
        open_source(str(folder / "a.shout"), where).__enter__()
    (folder / "a.shout").write_text("psst")
    with pytest.raises(DataError, match="nobody shouts"):
        open_source(str(folder / "a.shout"), where).__enter__()
    assert documents(folder / "b.pairs", **where) == ["first"]


def test_folder_without_a_known_form_names_all_forms(folder: Path) -> None:
    (folder / "a.shout").rename(folder / "a.whisper")
    (folder / "b.pairs").unlink()
    with pytest.raises(MissingInput, match=r"no \.txt, .*, \.shout, \.pairs file"):
        open_source(str(folder), {}).__enter__()


def test_builder_reads_all_other_forms_and_those_with_options(tmp_path: Path) -> None:
    stored = LocalFile(tmp_path / "a")
    assert form_of(CorpusFile("a", stored, "webdataset")) is BUILDER
    assert form_of(CorpusFile("a", stored, "csv", options={"sep": ";"})) is BUILDER
    assert form_of(CorpusFile("a", stored, "csv")) is FORMS["csv"]
