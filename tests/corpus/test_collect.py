"""A corpus is read once; what is left out is counted, listed, and nothing else."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from textgen.config.corpus import DocumentRule
from textgen.corpus.collect import Documents, collect
from textgen.corpus.corpus_file import Origin
from textgen.corpus.forms import local_corpus_file
from textgen.corpus.resolve import open_source
from textgen.corpus.splits import assign_splits, read_spans, survey
from textgen.errors import DataError
from textgen.report.corpus_check import check_file

SENTENCE = "the old harbour master counted every boat that came in before the evening tide "


@contextmanager
def collected(corpus: Path, **settings: Any) -> Iterator[Documents]:
    with open_source(str(corpus), settings) as source, collect(source) as documents:
        yield documents


def texts(documents: Documents) -> list[str]:
    return [
        "".join(documents.spool.pieces(int(record["start"]), int(record["stop"])))
        for records in documents.records()
        for record in records
    ]


def listed(documents: Documents) -> list[dict[str, str]]:
    documents.listing.seek(0)
    return [json.loads(line) for line in documents.listing]


def write_lines(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.needs("corpora")
def test_filters_leave_out_and_list_what_they_name(tmp_path: Path) -> None:
    path = write_lines(tmp_path, "book.txt", "ab", "a long line", "drop this line", "x" * 50)
    rule = {"min_characters": 3, "max_characters": 40, "drop_matching": "^drop"}
    with collected(path, documents="line", **rule) as documents:
        assert texts(documents) == ["a long line"]
        assert documents.characters == 11
        told = listed(documents)
        assert [entry["where"] for entry in told] == [f"{path}:1", f"{path}:3", f"{path}:4"]
        assert [entry["text"][:4] for entry in told] == ["ab", "drop", "xxxx"]
        assert sum(documents.statistics.removed.values()) == len(told)
        assert {entry["why"] for entry in told} == set(documents.statistics.removed)


def test_rows_that_are_not_wanted_are_listed_too(tmp_path: Path) -> None:
    rows = [
        {"text": "one", "lang": "en"},
        {"text": "zwei", "lang": "de"},
        {"text": None, "lang": "en"},
    ]
    path = write_lines(tmp_path, "rows.jsonl", *map(json.dumps, rows))
    with collected(path, where=(("lang", "en"),)) as documents:
        assert texts(documents) == ["one"]
        assert [entry["where"] for entry in listed(documents)] == [f"{path}:2", f"{path}:3"]
        assert sum(documents.statistics.removed.values()) == 2


@pytest.mark.parametrize(
    "duplicates", ["exact", pytest.param("near", marks=pytest.mark.needs("corpora"))]
)
def test_copies_are_left_out_and_the_first_stays(tmp_path: Path, duplicates: str) -> None:
    lines = [SENTENCE * 3, "something else altogether", SENTENCE * 3, SENTENCE * 3 + "again"]
    path = write_lines(tmp_path, "book.txt", *lines)
    with collected(path, documents="line", duplicates=duplicates) as documents:
        kept = [0, 1] if duplicates == "near" else [0, 1, 3]
        assert texts(documents) == [lines[number] for number in kept]
        told = listed(documents)
        assert [entry["where"] for entry in told] == [
            f"{path}:{number + 1}" for number in range(4) if number not in kept
        ]
        assert {entry["of"] for entry in told} == {f"{path}:1"}


def test_copy_of_what_is_held_out_by_name_is_not_trained_on(tmp_path: Path) -> None:
    write_lines(tmp_path, "train.txt", "seen", "only here")
    write_lines(tmp_path, "valid.txt", "seen", "seen")
    with collected(tmp_path, documents="line", duplicates="exact") as documents:
        assert texts(documents) == ["only here", "seen", "seen"]


def test_decontamination_spares_what_is_tested_on(tmp_path: Path) -> None:
    write_lines(tmp_path, "train.txt", "clean", "before " + SENTENCE + "after")
    test = write_lines(tmp_path, "test.txt", SENTENCE)
    with collected(tmp_path, documents="line", decontaminate=str(test)) as documents:
        assert sorted(texts(documents)) == ["clean", SENTENCE]
        (told,) = listed(documents)
        assert str(test) in told["why"]


def test_corpus_of_which_nothing_is_left_says_why(tmp_path: Path) -> None:
    path = write_lines(tmp_path, "book.txt", "one", "two")
    with (
        pytest.raises(DataError, match=r"empty \(left out: shorter than 9 characters: 2\)"),
        collected(path, documents="line", min_characters=9),
    ):
        pass


def test_weights_say_how_often_documents_are_trained_on(tmp_path: Path) -> None:
    write_lines(tmp_path, "often.txt", *(f"often {n}" for n in range(400)))
    write_lines(tmp_path, "seldom.txt", *(f"seldom {n}" for n in range(400)))
    recipe = write_lines(
        tmp_path,
        "mix.toml",
        "settings = {documents = 'line'}",
        "sources = [{path = 'often.txt', weight = 2.5}, {path = 'seldom.txt', weight = 0.5}]",
    )
    with collected(recipe) as documents:
        cut = assign_splits(survey(documents), 0.1)
        spans = [(span.split, text) for span, text in read_spans(documents, cut) if text]
        trained = [text for split, text in spans if split == "train"]
        held_out = [text for split, text in spans if split == "validation"]
        assert len(held_out) == len(set(held_out))
        assert not set(held_out) & set(trained)
        counts = [trained.count(text) for text in set(trained) if text.startswith("often")]
        assert set(counts) == {2, 3}
        assert 0.4 < counts.count(3) / len(counts) < 0.6
        seldom = {text for text in trained if text.startswith("seldom")}
        assert 0.35 * 400 < len(seldom) < 0.55 * 400
        assert max(trained.count(text) for text in seldom) == 1


def test_labels_come_from_columns_and_from_sources(tmp_path: Path) -> None:
    rows = [{"text": "a", "by": "Ada"}, {"text": "b", "by": "Bo"}, {"text": "c", "by": "Ada"}]
    write_lines(tmp_path, "rows.jsonl", *map(json.dumps, rows))
    write_lines(tmp_path, "plain.txt", "d")
    recipe = write_lines(
        tmp_path,
        "mix.toml",
        "[[sources]]",
        "path = 'rows.jsonl'",
        "label_column = 'by'",
        "[[sources]]",
        "path = 'plain.txt'",
        "label = 'Cy'",
    )
    with collected(recipe) as documents:
        counts = documents.count("label")[0].tolist()
        assert {name: counts[n] for name, n in documents.labels.items() if name} == {
            "Ada": 2,
            "Bo": 1,
            "Cy": 1,
        }


@pytest.mark.parametrize("documents", [None, "line", "paragraph", "file"])
@pytest.mark.parametrize("white", [" ", "\n\n", " \t\r\n\x0c\u3000\u00a0", " " * 200_000 + "\n"])
def test_white_space_alone_is_no_text(tmp_path: Path, white: str, documents: str | None) -> None:
    for name, content in (("a.txt", white), ("a.jsonl", json.dumps({"text": white}))):
        (tmp_path / name).write_text(content, newline="")
        with (
            pytest.raises(DataError, match=r"the corpus is empty.*; give a file with some text"),
            collected(tmp_path / name, documents=documents),
        ):
            pass


def test_white_documents_are_left_out_and_told_and_white_lines_in_others_stay(
    tmp_path: Path,
) -> None:
    lines = ["one", "   ", "", "two", "\t"]
    path = write_lines(tmp_path, "book.txt", *lines)
    with collected(path) as documents:
        assert texts(documents) == ["\n".join(lines) + "\n"]
        assert not documents.statistics.removed
    with collected(path, documents="line") as documents:
        assert texts(documents) == ["one", "two"]
        assert documents.statistics.removed == {"documents of white space only": 2}
        assert [told["where"] for told in listed(documents)] == [f"{path}:2", f"{path}:5"]
    with collected(path, strict=True, tokenizer="word") as documents:
        assert texts(documents) == lines
    found = check_file(local_corpus_file(path, DocumentRule(documents="line"), Origin()))
    assert found.documents == ("one", "two")
    assert found.removed == {"documents of white space only": 2}
