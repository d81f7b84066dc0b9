"""Texts in memory are a corpus like the same texts in a file; what is none says so."""

import datetime
import decimal
import io
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.corpus.reading import whole
from textgen.corpus.collect import collect
from textgen.corpus.documents import read_documents
from textgen.corpus.resolve import open_source
from textgen.corpus.statistics import CorpusStatistics
from textgen.corpus.texts import Texts, as_corpus
from textgen.errors import DataError, MissingInput, UsageError
from textgen.generator import TextGenerator

TEXTS = ["The ferry was late.", "Fog\r\non the quay.", "cafe\u0301 at 5:17", "0"]
Documents = list[tuple[str, str]]


def read(corpus: Any, **settings: Any) -> Documents:
    """Return the documents of a corpus, with their labels."""
    with open_source(corpus, settings) as source:
        found = [whole(read_documents(file, CorpusStatistics())) for file in source.files]
    return [(text, label) for documents in found for text, _, label in documents]


def fingerprint(corpus: Any, **settings: Any) -> str:
    with open_source(corpus, settings) as source:
        return source.fingerprint


HOLDERS: dict[str, Callable[[list[str]], Any]] = {
    "list": list,
    "tuple": tuple,
    "generator": lambda texts: (text for text in texts),
    "map": lambda texts: map(str, texts),
    "array": np.array,
    "objects": lambda texts: np.array(texts, dtype=object),
    "Series": pd.Series,
    "Index": pd.Index,
    "Categorical": lambda texts: pd.Series(texts, dtype="category"),
    "column": lambda texts: datasets.Dataset.from_dict({"a": texts})["a"],
    "Dataset": lambda texts: datasets.Dataset.from_dict({"text": texts}),
    "records": lambda texts: pd.DataFrame({"text": texts}).to_dict("records"),
    "values": lambda texts: dict(enumerate(texts)).values(),
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_whatever_holds_texts_in_an_order_is_a_corpus(holder: str, tmp_path: Path) -> None:
    rows = [json.dumps({"text": text}) for text in TEXTS]
    (tmp_path / "rows.jsonl").write_text("\n".join(rows) + "\n")
    corpus = HOLDERS[holder](TEXTS)
    wanted = fingerprint(str(tmp_path / "rows.jsonl"))
    assert fingerprint(corpus) == wanted
    assert read(HOLDERS[holder](TEXTS)) == read(tmp_path / "rows.jsonl")


@given(st.lists(st.text(), min_size=1).filter(lambda texts: any(map(str.strip, texts))))
def test_texts_are_read_as_rows_of_a_file_are(texts: list[str]) -> None:
    def outcome(corpus: Any, name: str) -> Documents | str:
        try:
            return read(corpus)
        except DataError as error:
            return str(error).replace(name, "")

    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.writelines(json.dumps({"text": text}) + "\n" for text in texts)
        file.flush()
        assert outcome(texts, "texts in memory") == outcome(file.name, file.name)


def test_a_character_makes_another_corpus_and_so_does_the_order() -> None:
    found = {fingerprint(t) for t in (["a", "b"], ["b", "a"], ["a", "c"], ["ab"], ["a", "b", ""])}
    assert len(found) == 5


def test_encoding_is_of_files_alone() -> None:
    assert read(TEXTS, encoding="utf-16") == read(TEXTS, encoding="auto") == read(TEXTS)
    assert read(TEXTS, documents="line")[1:3] == [("Fog", ""), ("on the quay.", "")]
    assert read(TEXTS, column="body") == read(TEXTS)


def test_rows_have_columns() -> None:
    rows = [
        {"text": "a", "by": "Ada", "year": np.int64(1910), "day": datetime.date(2000, 1, 2)},
        {"text": "b", "by": "Bo", "year": 1911, "price": decimal.Decimal("1.50"), "raw": b"x"},
        {"text": None, "by": "Bo", "year": 1912},
    ]
    assert read(rows, label_column="by") == [("a", "Ada"), ("b", "Bo")]
    assert read(rows, where={"year": "1911"}) == [("b", "")]
    assert [text for text, _ in read(rows, template="$by $year: $text")] == [
        "Ada 1910: a",
        "Bo 1911: b",
    ]
    with pytest.raises(DataError, match="texts in memory:1: 'raw' holds"):
        read(rows[1:], column="raw")


def test_error_names_the_text() -> None:
    with pytest.raises(DataError, match=r"^texts in memory:2: character 2 of the text is"):
        read(["a", "b\0"])
    for wrong in (None, 3, float("nan"), b"a", ["a"], Path("a")):
        with pytest.raises(UsageError, match=r"^text 2 of the corpus is .*must be a text"):
            read(["a", wrong])
    for nothing in ([], [""], iter(())):
        with (
            open_source(nothing, {}) as source,
            pytest.raises(DataError, match=r"^texts in memory: the corpus is empty"),
            collect(source),
        ):
            pass


NO_CORPUS = {
    "a text": ("One line.\nAnother.", "is a text of 18 characters, not the name of one"),
    "a long text": ("word " * 1000, "is a text of 5,000 characters"),
    "a long word": ("x" * 256, "give a list of texts, as [text]"),
    "nothing": ("", "corpus is ''"),
    "none": (None, "as 'book.txt'"),
    "bytes": (b"book.txt", "data.decode()"),
    "file": (io.StringIO("text"), "give its name, or [file.read()]"),
    "frame": (pd.DataFrame({"text": TEXTS}), "frame['text'], or frame.to_dict('records')"),
    "mapping": ({"a.txt": "text"}, "list(texts.values())"),
    "splits": (datasets.DatasetDict(), "list(texts.values())"),
    "set": ({"a text"}, "give a list, whose order is fixed"),
    "number": (3, "must be the name of a corpus, or a list of texts"),
    "one in an array": (np.array("text"), "must be the name of a corpus, or a list of texts"),
    "table": (np.array([["text"]]), "must be the name of a corpus, or a list of texts"),
}


@pytest.mark.parametrize("what", NO_CORPUS)
def test_what_is_no_corpus_says_what_may_be_one(
    generator: TextGenerator, tmp_path: Path, what: str
) -> None:
    corpus, told = NO_CORPUS[what]
    for use in (
        lambda: read(corpus),
        lambda: generator.evaluate(corpus),
        lambda: TextGenerator.train(corpus, out=tmp_path / "model"),
    ):
        with pytest.raises(UsageError) as caught:
            use()
        assert str(caught.value).startswith("corpus is ")
        assert told in str(caught.value)
        assert len(str(caught.value)) < 250
    assert not list(tmp_path.iterdir())


def test_names_of_files_are_no_texts(tmp_path: Path) -> None:
    names = [str(tmp_path / name) for name in ("a.txt", "b.txt")]
    for name in names:
        Path(name).write_text("text")
    with pytest.raises(UsageError, match="list of names of files; name their folder or a glob"):
        read(names)
    assert len(read([*names, "and a text"])) == 3


def test_name_with_a_line_end_is_one_where_there_is_such_a_file(tmp_path: Path) -> None:
    (tmp_path / "a\nb.txt").write_text("text")
    assert read(tmp_path / "a\nb.txt") == read(str(tmp_path / "a\nb.txt")) == [("text", "")]
    with pytest.raises(MissingInput):
        read("no such thing")


def test_what_can_be_read_once_is_read_once() -> None:
    taken = []

    def texts() -> Iterator[str]:
        for text in TEXTS:
            taken.append(text)
            yield text

    corpus = as_corpus("corpus", texts())
    assert isinstance(corpus, Texts)
    assert as_corpus("corpus", corpus) is corpus
    assert read(corpus) == read(corpus) == read(TEXTS)
    assert taken == TEXTS


def test_model_is_measured_on_texts(generator: TextGenerator, tmp_path: Path) -> None:
    rows: Iterable[str] = [json.dumps({"text": text}) for text in TEXTS]
    (tmp_path / "rows.jsonl").write_text("\n".join(rows))
    assert generator.evaluate(iter(TEXTS)) == generator.evaluate(tmp_path / "rows.jsonl")
    assert generator.evaluate(TEXTS).documents == len(TEXTS)
