"""Stores that hold the same are the same, wherever their files lie; stores that do not are not."""

import json
import os
from pathlib import Path

import pytest

from textgen.corpus.collect import collect
from textgen.corpus.resolve import open_source
from textgen.corpus.splits import choose_split, read_spans, survey
from textgen.errors import UsageError
from textgen.tokenization.prepare import prepare, store_key
from textgen.tokenization.token_store import REMOVED, TokenStore

LEAK = "one two three four five six seven eight nine ten eleven twelve thirteen"


def make(corpus: Path, out: Path, **settings: object) -> TokenStore:
    with open_source(str(corpus), settings) as source:
        return prepare(source, out)


def write_lines(path: Path) -> Path:
    path.write_text("".join(f"{LEAK} {number}\nline {number}\n" for number in range(20)))
    return path


def test_moved_test_file_changes_nothing_and_other_words_in_it_do(tmp_path: Path) -> None:
    book = write_lines(tmp_path / "book.txt")
    tests = [tmp_path / name for name in ("tests.txt", "moved.txt", "other.txt")]
    for path, words in zip(tests, (LEAK, LEAK, "nothing of it"), strict=True):
        path.write_text(words)
    first, moved, other = (
        make(book, path.with_suffix(""), documents="line", decontaminate=str(path))
        for path in tests
    )
    assert first.identity == moved.identity
    assert first.identity != other.identity
    tests[0].write_text("other words")
    with open_source(str(book), first.manifest.settings) as source:
        assert store_key(source) != first.manifest.key


def test_settings_of_a_store_leave_the_sources_of_its_recipe_their_own(tmp_path: Path) -> None:
    write_lines(tmp_path / "lines.txt")
    (tmp_path / "whole.txt").write_text("all of it\nis one")
    recipe = tmp_path / "mine.toml"
    recipe.write_text(
        "settings = {documents = 'paragraph'}\n"
        "sources = [{path = 'lines.txt', documents = 'line'}, {path = 'whole.txt'}]\n"
    )
    store = make(recipe, tmp_path / "store")
    with open_source(str(recipe), store.manifest.settings) as source:
        assert store_key(source) == store.manifest.key
    with open_source(str(recipe), {"documents": "file"}) as source:
        assert {file.rule.documents for file in source.files} == {"file"}


def test_all_of_a_corpus_is_measured_once_whatever_the_weights(tmp_path: Path) -> None:
    write_lines(tmp_path / "lines.txt")
    recipe = tmp_path / "mine.toml"
    recipe.write_text("sources = [{path = 'lines.txt', weight = 2.5, documents = 'line'}]")
    with open_source(str(recipe), {}) as source, collect(source) as documents:
        cut, file = choose_split(survey(documents), "all", 0.1)
        ends = [span.split for span, piece in read_spans(documents, cut) if piece is None]
    assert ends == [file] * 40


def test_store_takes_the_settings_it_was_made_with_as_tuples(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text(
        "".join(json.dumps({"text": f"row {n}", "lang": "en"}) + "\n" for n in range(9))
    )
    store = make(rows, tmp_path / "store", where=(("lang", "en"),))
    store.require({"where": (("lang", "en"),)})
    with pytest.raises(UsageError, match="prepared with where"):
        store.require({"where": (("lang", "de"),)})


def test_lone_surrogates_in_names_and_rows_can_be_listed(tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    folder.mkdir()
    rows = [{"text": "\ud800", "lang": "de"}, *({"text": f"{n}", "lang": "en"} for n in range(9))]
    content = "".join(json.dumps(row) + "\n" for row in rows)
    Path(os.fsdecode(bytes(folder) + b"/\xff.jsonl")).write_text(content)
    Path(os.fsdecode(bytes(folder) + b"/\xff.md")).write_text("not read")
    store = make(folder, tmp_path / "store", where=(("lang", "en"),))
    (line,) = (store.folder / REMOVED).read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["text"] == "\ud800"
    assert "\udcff.md" in store.manifest.notes[0]
