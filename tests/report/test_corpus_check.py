"""A first look says what is in a corpus and what is wrong, and fetches no more than it must."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from textgen.config.corpus import CorpusConfig, DocumentRule
from textgen.corpus.corpus_file import CorpusFile, Origin
from textgen.corpus.forms import local_corpus_file
from textgen.corpus.source import Source
from textgen.report.corpus_check import CHARACTERS, DOCUMENTS, check_file, check_files


@dataclass(frozen=True)
class Fetched:
    """A file that is somewhere else until it is read."""

    path: Path
    fetched: list[str] = field(default_factory=list, compare=False)

    def fingerprint(self) -> str:
        return self.path.name

    @contextmanager
    def local(self) -> Iterator[Path]:
        self.fetched.append(self.path.name)
        yield self.path


def file(path: Path, **rule: object) -> CorpusFile:
    return local_corpus_file(path, DocumentRule.from_dict(rule), Origin())


def test_check_shows_the_beginnings_of_the_first_documents(tmp_path: Path) -> None:
    path = tmp_path / "book.txt"
    path.write_text("".join(f"{number} {'word ' * 20}\n" for number in range(500)))
    found = check_file(file(path, documents="line"))
    assert (found.form, found.problem) == ("text", "")
    assert len(found.documents) == DOCUMENTS
    assert found.documents[:2] == (f"0 {'word ' * 20}"[:60], f"1 {'word ' * 20}"[:60])


def test_check_reads_no_more_of_a_long_text_than_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "book.txt"
    path.write_bytes(b"word " * CHARACTERS + b"\xff")
    found = check_file(file(path))
    assert found.problem == ""
    assert found.documents == ("word " * 12,)


def test_check_names_columns_and_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"title": "T", "body": "B"}) + "\n")
    assert check_file(file(path, column="body")).documents == ("B",)
    table = tmp_path / "rows.csv"
    table.write_text("title,body\nT,B\n")
    found = check_file(file(table, column="text"))
    assert found.columns == ("title", "body")
    assert "no column 'text'" in found.problem
    (tmp_path / "bad.txt").write_bytes(b"good\nbad \xff\n")
    found = check_file(file(tmp_path / "bad.txt", documents="line"))
    assert "bad.txt" in found.problem
    assert "\n" not in found.problem
    assert str(tmp_path / "gone.txt") in check_file(file(tmp_path / "gone.txt")).problem


def test_check_fetches_one_file_of_each_split_of_a_hub_set_once(tmp_path: Path) -> None:
    fetched = list[str]()
    files = []
    for split in ("train", "test"):
        for number in range(3):
            path = tmp_path / f"{split}-{number}.csv"
            path.write_text(f"text\n{split} {number}\n")
            files.append(CorpusFile(path.name, Fetched(path, fetched), "csv", hub_split=split))
    found = list(check_files(Source("set", tuple(files), CorpusConfig())))
    assert [one.documents for one in found] == [("train 0",), ("test 0",)]
    assert fetched == ["train-0.csv", "test-0.csv"]
