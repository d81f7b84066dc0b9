"""A CORPUS argument finds what it names, and says what it does not find."""

import io
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from textgen.config.corpus import DocumentRule
from textgen.corpus.recipes import load_recipe, recipe_folder, recipe_names
from textgen.corpus.resolve import open_source
from textgen.errors import DataError, MissingInput, UsageError


def names(corpus: str | Path) -> list[tuple[str, str | None]]:
    with open_source(str(corpus), {}) as source:
        return [(Path(file.name).name, file.split) for file in source.files]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.txt", "a.txt", "deep/c.txt", "notes.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def test_folder_gives_its_txt_files_in_order(folder: Path) -> None:
    assert names(folder) == [("a.txt", None), ("b.txt", None), ("c.txt", None)]


def test_glob_gives_what_it_matches(folder: Path) -> None:
    assert names(folder / "*.md") == [("notes.md", None)]
    assert names(f"{folder}/**/*.txt") == [("a.txt", None), ("b.txt", None), ("c.txt", None)]


def test_files_named_for_splits_are_splits(tmp_path: Path) -> None:
    for name in ("train", "valid", "test"):
        (tmp_path / f"{name}.txt").write_text(name)
    assert names(tmp_path) == [
        ("test.txt", "test"),
        ("train.txt", "train"),
        ("valid.txt", "validation"),
    ]


def test_single_file_is_no_split_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "test.txt").write_text("x")
    assert names(tmp_path / "test.txt") == [("test.txt", None)]


def test_what_is_not_there_names_the_remedy(tmp_path: Path) -> None:
    for corpus, hint in [
        (tmp_path / "none.txt", "nor a recipe (known are: python-stdlib, tidewater, "),
        (tmp_path, "no .txt, .csv, .tsv, .jsonl, .parquet file"),
        (tmp_path / "*.txt", "no file matches"),
        (tmp_path / "none.toml", "no such file"),
    ]:
        with pytest.raises(MissingInput) as caught:
            names(corpus)
        assert hint in str(caught.value)


def test_fingerprint_changes_with_any_byte(folder: Path) -> None:
    def fingerprint() -> str:
        with open_source(str(folder), {}) as source:
            return source.fingerprint

    before = fingerprint()
    assert fingerprint() == before
    (folder / "b.txt").write_text("b.tyt")
    assert fingerprint() != before


def test_every_recipe_that_comes_along_loads() -> None:
    fetched = [
        name for name in recipe_names() if load_recipe(recipe_folder() / f"{name}.toml").verified
    ]
    assert fetched == ["python-stdlib", "tidewater"]
    for name in fetched:
        with open_source(name, {}) as source:
            assert source.name == name
            assert source.files


def test_standard_library_recipe_leaves_tests_out() -> None:
    with open_source("python-stdlib", {}) as source:
        paths = [file.name for file in source.files]
    assert len(paths) > 300
    assert all(path.endswith(".py") for path in paths)
    assert not any("/test/" in path or "/tests/" in path for path in paths)


SOURCE = "[[sources]]\npath = 'x'\n"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("path = ", "not a TOML file"),
        ("description = 'x'", "no source; write at least one table [[sources]]"),
        ("sources = 3", "sources must be tables"),
        ("sources = [3]", "sources must be tables"),
        ("path = 'x'", "unknown setting 'path'"),
        ("[[sources]]", "source 1: path is missing"),
        (SOURCE + "[[sources]]\nlabel = 'y'", "source 2: path is missing"),
        ("[[sources]]\npath = 3", "path is 3; it must be of type str"),
        (SOURCE + "include = [3]", "include is 3; it must be of type str"),
        (SOURCE + "include = '/etc/*'", "include holds '/etc/*'"),
        (SOURCE + "weight = 0", "weight is 0"),
        (SOURCE + "strict = true", "unknown setting 'strict'"),
        (SOURCE + "encoding = 'x'", "source 1: encoding is 'x'"),
        (SOURCE + "min_character = 3", "did you mean 'min_characters'"),
        ("settings = 3\n" + SOURCE, "settings is 3; it must be of type dict"),
        ("name = 'y'\n" + SOURCE, "unknown setting 'name'"),
        ("license = 'MIT'\n" + SOURCE, "did you mean 'licence'"),
        (SOURCE + "[settings]\nvocabsize = 3", "did you mean 'vocab_size'"),
        (SOURCE + "[settings]\nvalidation = 3", "validation is 3"),
        ("[[sources]]\npath = '$home/x'", "unknown name 'home'"),
        ("[[sources]]\npath = '$stdlib.__class__.x$'", "unknown name"),
    ],
)
def test_wrong_recipe_names_file_and_fault(tmp_path: Path, content: str, error: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(content)
    with pytest.raises(UsageError) as caught:
        load_recipe(path)
    assert str(path) in str(caught.value)
    assert error in str(caught.value)


def test_validation_may_be_a_file_and_is_then_not_trained_on(folder: Path) -> None:
    def files(**settings: str) -> list[tuple[str, str | None]]:
        with open_source(str(folder), settings) as source:
            return [(Path(file.name).name, file.split) for file in source.files]

    chosen = str(folder / "deep" / ".." / "b.txt")  # by another way than the folder's
    assert files(validation=chosen) == [("a.txt", None), ("c.txt", None), ("b.txt", "validation")]
    other = files(validation=str(folder / "notes.md"))
    assert other == [("a.txt", None), ("b.txt", None), ("c.txt", None), ("notes.md", "validation")]
    with pytest.raises(UsageError, match=r"neither a file nor a split.*it has: none"):
        files(validation="dev")


def test_named_split_may_be_the_validation(tmp_path: Path) -> None:
    for name in ("train", "valid", "test"):
        (tmp_path / f"{name}.txt").write_text(name)
    with open_source(str(tmp_path), {"validation": "test"}) as source:
        found = [(Path(file.name).name, file.split) for file in source.files]
    assert found == [("train.txt", "train"), ("test.txt", "validation")]
    with (
        pytest.raises(UsageError, match="nothing else"),
        open_source(str(tmp_path), {"validation": "train"}),
    ):
        pass


def test_files_of_no_known_form_are_named_and_hidden_ones_are_not(folder: Path) -> None:
    (folder / ".hidden.txt").write_text("x")
    (folder / "shards").mkdir()
    (folder / "shards" / "train-00000-of-00002.txt.gz").write_bytes(b"")
    with open_source(str(folder), {}) as source:
        assert [Path(name).name for name in source.ignored] == ["notes.md"]
        assert {file.split for file in source.files} == {None, "train"}


@pytest.mark.parametrize("change", ["grows", "is cut", "is written anew", "vanishes"])
def test_file_that_changes_while_it_is_read_is_an_error(tmp_path: Path, change: str) -> None:
    path = tmp_path / "book.txt"
    path.write_text("a text\n")
    with open_source(str(path), {}) as source:
        assert source.fingerprint
        after = {"grows": "a text\nand more\n", "is cut": "", "is written anew": "A TEXT\n"}
        with (
            pytest.raises((DataError, FileNotFoundError), match=r"book\.txt"),
            source.files[0].stored.local() as local,
        ):
            local.write_text(after[change]) if change in after else local.unlink()


def test_file_that_changes_before_it_is_read_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "book.txt"
    path.write_text("a text\n")
    with open_source(str(path), {}) as source:
        assert source.fingerprint
        path.write_text("another one\n")
        with pytest.raises(DataError, match="changed while"), source.files[0].stored.local():
            pass


def test_splits_of_what_is_on_no_hub_are_said_to_change_nothing(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with open_source(str(folder), {}):
        assert caplog.messages == []
    with open_source(str(folder), {"splits": ("train",)}):
        assert caplog.messages == [
            f"{folder.name}: no set on the hub, so that splits changes nothing"
        ]


ROW_OPTIONS: list[dict[str, Any]] = [
    {"column": "body"},
    {"template": "$body"},
    {"where": (("language", "en"),)},
    {"label_column": "author"},
    {"documents": "row"},
]


def test_every_setting_that_speaks_of_columns_is_among_them() -> None:
    speaking = {
        one.name for one in fields(DocumentRule) if "column" in one.metadata["help"].lower()
    }
    assert {*speaking, "documents"} == {name for rule in ROW_OPTIONS for name in rule}


@pytest.mark.parametrize("settings", ROW_OPTIONS)
def test_options_for_rows_are_refused_of_plain_text(
    folder: Path, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    (name,) = settings
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"some text")))
    for corpus in (folder, folder / "a.txt", folder / "*.md", "tidewater", "-"):
        with (
            pytest.raises(UsageError, match=rf": plain text has no rows; {name}.* is for tables"),
            open_source(str(corpus), settings),
        ):
            pass
    with open_source(str(folder), settings, inherited=[name]) as source:
        assert source.files
    (folder / "rows.jsonl").write_text('{"body": "x", "author": "me", "language": "en"}\n')
    with open_source(str(folder / "rows.jsonl"), settings) as source:
        assert source.files
    beside = {"column", "template"} >= settings.keys()
    try:
        with open_source(str(folder), settings):
            assert beside
    except UsageError:
        assert not beside


@pytest.mark.parametrize(
    ("corpus", "hint"),
    [
        ("karpathy/tiny_shakespeare", "is hf:karpathy/tiny_shakespeare"),
        ("https://huggingface.co/datasets/karpathy/tiny_shakespeare", "is hf:karpathy/tiny_sh"),
        ("https://example.org/a b.txt", "fetch it first, as with: curl -LO 'https://example.org/a"),
        ("s3://books/a.txt", "fetch it first"),
    ],
)
def test_names_on_the_net_say_how_they_are_read(corpus: str, hint: str) -> None:
    with (
        pytest.raises(MissingInput, match="no such file or folder") as caught,
        open_source(corpus, {}),
    ):
        pass
    assert hint in str(caught.value)


def test_brackets_that_are_a_pattern_are_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "[D_DATA]").mkdir()
    (tmp_path / "[D_DATA]/a[1].txt").write_text("text")
    for pattern in ("[D_DATA]/*.txt", "[D_DATA]/a[1].*"):
        with pytest.raises(MissingInput) as caught, open_source(f"{tmp_path}/{pattern}", {}):
            pass
        assert "what is in [ ] stands for one character" in str(caught.value)
        remedy = str(caught.value).rpartition("write ")[2].strip("'")
        assert names(remedy) == [("a[1].txt", None)]
    assert names(tmp_path / "[D_DATA]/a[1].txt") == [("a[1].txt", None)]
    with pytest.raises(MissingInput, match=r"no file matches this pattern$"):
        names(tmp_path / "*.doc")
