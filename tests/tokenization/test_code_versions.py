"""A store's key names the versions of the code that made it, and a change of it needs a new one."""

import hashlib
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from tests.corpus.reading import documents
from textgen.corpus.collect import collect
from textgen.corpus.resolve import open_source
from textgen.corpus.splits import assign_splits, read_spans, survey
from textgen.corpus.text.cleaning import clean_text
from textgen.tokenization import prepare
from textgen.tokenization.prepare import CODE_VERSIONS, store_key
from textgen.tokenization.tokenizer import Tokenizer

# What the code of each version makes of the texts below. If this test fails, the code makes
# something else of them: raise its version, and record the digest that the failure shows.
RECORDED = {
    ("reading", 1): "a7f9d9ccdb1cb7a03abb7e468e20c2bc602379105d5b3cd1eecf4b173c793c0b",
    ("selection", 1): "324a0ac5b02bca8170320f6a80758b8bf1fb1ded6cac25f1e5b4081b1fd97221",
    ("splits", 1): "9e50fb90bbe1715c293b9b06332cbea89ddd0ff29a8a54fc3f5a1025de268643",
    ("tokens", 1): "602896bfdc148a6012d938044f39a905d33b97aa39084402a81fd31b620fbade",
}

TEXT = (
    "\ufeffA fe\u0301rry, two ﬁsh\r\nand\tthe 3rd\rbell\u0007 of Øresund.\n\n \n"
    "<|startoftext|>It's 10 o\u2019clock: 中文 なに\x85\n<|endoftext|>\nlast, without an end"
)
CSV = 'title,text\none,"a, ""b""\r\nc"\n two ,\n3,  d\n'
JSONL = '{"title": "x", "text": "é\\r\\nz"}\n\n{"text": null}\n{"text": "y", "title": 7.0}\n'
RULES: tuple[dict[str, Any], ...] = (
    *({"documents": end} for end in ("file", "line", "paragraph", "marker")),
    *({"normalize": form} for form in ("none", "nfkc")),
    {"control_characters": "remove"},
    {"strict": True},
)
ROW_RULES: tuple[dict[str, Any], ...] = (
    {},
    {"documents": "file"},
    {"template": "$title: $text"},
    {"label_column": "title"},
)
LINES = "".join(f"Line {n % 37} of the harbour log, number {n % 41}.\n" for n in range(400))


def read(folder: Path) -> Iterator[object]:
    """Yield the documents of files under every rule."""
    (folder / "a.txt").write_text(TEXT, newline="")
    (folder / "a.csv").write_text(CSV, newline="")
    (folder / "a.jsonl").write_text(JSONL, newline="")
    for rule in RULES:
        yield documents(folder / "a.txt", **rule)
    for rule in ROW_RULES:
        yield documents(folder / "a.csv", **rule)
        yield documents(folder / "a.jsonl", **rule)
    (folder / "b.txt").write_bytes(b"bad \xff\xc3 bytes")
    yield documents(folder / "b.txt", encoding_errors="replace")


def select(folder: Path) -> Iterator[object]:
    """Yield the documents that are left of a file by each way of leaving some out."""
    path, tests = folder / "log.txt", folder / "tests.txt"
    path.write_text(
        LINES + LINES[:1000] + " \nshort\n" + "Line 5 of the harbour log, number 5, " * 9 + "\n"
    )
    tests.write_text("log number 5 line 5 of the harbour log number 5 line 5 of the harbour log")
    for rule in (
        {"duplicates": "exact"},
        {"min_characters": 37, "max_characters": 38},
        {"decontaminate": str(tests)},
    ):
        with (
            open_source(str(path), {"documents": "line", **rule}) as source,
            collect(source) as left,
        ):
            records = chain.from_iterable(left.records())
            yield [
                "".join(left.spool.pieces(record["start"], record["stop"])) for record in records
            ]


def split(folder: Path) -> Iterator[object]:
    """Yield the pieces of each split of corpora that are cut in every way."""
    (folder / "log.txt").write_text(LINES)
    named = folder / "named"
    named.mkdir()
    for name in ("train", "valid", "test"):
        (named / f"{name}.txt").write_text(f"{name}: {LINES}")
    recipe = folder / "recipe.toml"
    weighted = 'path = "log.txt"\ndocuments = "line"'
    recipe.write_text(
        f"[[sources]]\n{weighted}\nweight = 1.5\n[[sources]]\n{weighted}\nweight = 0.3\n"
    )
    for corpus, rule in (
        (folder / "log.txt", {"documents": "line"}),
        (folder / "log.txt", {"documents": "line", "validation": 0.001}),
        (folder / "log.txt", {"documents": "file"}),
        (folder / "log.txt", {"validation": str(named / "test.txt")}),
        (named, {}),
        (recipe, {}),
    ):
        with open_source(str(corpus), rule) as source, collect(source) as collected:
            cut = assign_splits(survey(collected), source.config.validation)
            yield [(span.split, piece) for span, piece in read_spans(collected, cut)]


def tokenize(folder: Path) -> Iterator[object]:
    """Yield the ids of a text by the tokenizers whose learning does not depend on a library."""
    clean = clean_text(TEXT, "nfc")
    for kind, size in (("char", None), ("byte", None), ("word", 290), ("word-strict", None)):
        tokenizer = Tokenizer.train(kind, [LINES, clean], normal_form="nfc", vocab_size=size)
        yield tokenizer.encode(LINES[:200] + TEXT).tolist()


WORK: dict[str, Callable[[Path], Iterator[object]]] = {
    "reading": read,
    "selection": select,
    "splits": split,
    "tokens": tokenize,
}


@pytest.mark.parametrize("code", WORK)
def test_code_that_makes_something_else_has_another_version(code: str, tmp_path: Path) -> None:
    made = hashlib.sha256()
    for value in WORK[code](tmp_path):
        made.update(repr(value).encode())
    assert RECORDED[code, CODE_VERSIONS[code]] == made.hexdigest()


def test_all_code_that_makes_a_store_is_watched() -> None:
    assert CODE_VERSIONS.keys() == WORK.keys()


def key_of(path: Path) -> str:
    path.write_text(LINES)
    with open_source(str(path), {}) as source:
        return store_key(source)


def test_first_versions_leave_the_keys_of_stores_that_had_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "CODE_VERSIONS", dict.fromkeys(WORK, 1))
    key = key_of(tmp_path / "log.txt")
    monkeypatch.setattr(prepare, "CODE_VERSIONS", {})
    assert key_of(tmp_path / "log.txt") == key


@pytest.mark.parametrize("code", WORK)
def test_another_version_gives_another_key(
    tmp_path: Path, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = key_of(tmp_path / "log.txt")
    monkeypatch.setitem(prepare.CODE_VERSIONS, code, CODE_VERSIONS[code] + 1)
    assert key_of(tmp_path / "log.txt") != key
