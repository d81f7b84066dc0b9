"""A prepared corpus holds exactly the corpus, and nothing half-made is ever taken for one."""

import json
from pathlib import Path

import numpy as np
import platformdirs
import pytest

from textgen.config.tokens import EOS_ID
from textgen.corpus.resolve import open_source
from textgen.errors import DataError, MissingInput, UsageError
from textgen.tokenization.prepare import prepare
from textgen.tokenization.store_cache import open_corpus, prepare_once
from textgen.tokenization.token_store import TokenStore
from textgen.tokenization.tokenizer import Tokenizer


def make(corpus: Path, out: Path, **settings: object) -> TokenStore:
    with open_source(str(corpus), settings) as source:
        return prepare(source, out)


@pytest.mark.parametrize("kind", ["char", "bpe"])
def test_splits_decode_to_the_two_parts_of_the_text(tmp_path: Path, text: str, kind: str) -> None:
    (tmp_path / "book.txt").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    store = make(tmp_path / "book.txt", tmp_path / "store", tokenizer=kind)
    cut = int(0.9 * len(text))
    for split, file in (("train", text[:cut]), ("validation", text[cut:])):
        tokens, counts = store.tokens(split), store.counts(split)
        assert isinstance(tokens, np.memmap)
        assert tokens.dtype == np.uint16
        assert tokens[-1] == EOS_ID
        assert store.tokenizer.decode(tokens) == file
        assert (counts.characters, counts.bytes) == (len(file), len(file.encode()))
        assert (counts.documents, counts.tokens) == (1, len(tokens))


def test_each_document_is_closed_by_eos(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number}.txt").write_text(f"document {number}")
    store = make(tmp_path, tmp_path / "store")
    found = []
    for split in ("train", "validation"):
        tokens = store.tokens(split)
        ends = np.flatnonzero(tokens == EOS_ID)
        assert len(ends) == store.counts(split).documents
        found += [store.tokenizer.decode(file) for file in np.split(tokens, ends)[:-1]]
    assert sorted(found) == sorted(f"document {number}" for number in range(20))


def test_tokenizer_is_learned_from_the_training_split_alone(tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text("a" * 90 + "é" * 10)
    store = make(tmp_path / "book.txt", tmp_path / "store")
    assert store.tokenizer.vocab_size == 257
    assert store.tokenizer.decode(store.tokens("validation")) == "é" * 10


def test_large_vocabularies_take_four_bytes_a_token(tmp_path: Path) -> None:
    text = "".join(chr(c) for c in range(0x4E00, 0x9FFF)) + "".join(
        chr(c) for c in range(0x20000, 0x2C000)
    )
    (tmp_path / "book.txt").write_text(text, encoding="utf-8")
    store = make(tmp_path / "book.txt", tmp_path / "store", validation=0.01)
    assert store.tokens("train").dtype == np.uint32
    assert store.tokenizer.decode(store.tokens("train")) == text[: int(0.99 * len(text))]


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf"])
def test_empty_corpus_is_an_error_and_leaves_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "book.txt").write_bytes(content)
    with pytest.raises(DataError, match="empty"):
        make(tmp_path / "book.txt", tmp_path / "store")
    assert [p.name for p in tmp_path.iterdir()] == ["book.txt"]


def test_bad_bytes_leave_nothing(tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_bytes(b"good\n" * 1000 + b"\xff")
    with pytest.raises(DataError, match="1001"):
        make(tmp_path / "book.txt", tmp_path / "store")
    assert [p.name for p in tmp_path.iterdir()] == ["book.txt"]


def test_damaged_store_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "book.txt").write_text(text)
    store = tmp_path / "store"
    make(tmp_path / "book.txt", store)
    with pytest.raises(MissingInput, match="not a token store"):
        TokenStore(tmp_path)
    with (store / "train.bin").open("ab") as file:
        file.write(b"x")
    with pytest.raises(DataError, match=r"train\.bin"):
        TokenStore(store)
    manifest = json.loads((store / "store.json").read_text())
    changes: list[dict[str, object]] = [{"format": 9}, {"counts": {}}, {"more": 1}]
    for change in changes:
        (store / "store.json").write_text(json.dumps(manifest | change))
        with pytest.raises(DataError, match=r"store\.json"):
            TokenStore(store)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda name: str(folder))
    return folder


def test_same_corpus_and_settings_are_prepared_once(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "book.txt"
    path.write_text("once upon a time " * 50)
    first = open_corpus(str(path), {})
    with monkeypatch.context() as context:
        context.setattr(Tokenizer, "train", None)  # a second preparation would call it
        assert open_corpus(str(path), {}).folder == first.folder
    assert open_corpus(str(path), {"validation": 0.2}).folder != first.folder
    path.write_text("twice upon a time " * 50)
    assert open_corpus(str(path), {}).folder != first.folder


def test_damaged_store_in_the_cache_is_made_anew(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "book.txt"
    path.write_text("once upon a time " * 50)
    store = open_corpus(str(path), {})
    (store.folder / "train.bin").write_bytes(b"")
    assert len(open_corpus(str(path), {}).tokens("train")) == store.counts("train").tokens


def test_store_serves_as_corpus_but_not_with_other_settings(tmp_path: Path, text: str) -> None:
    (tmp_path / "book.txt").write_text(text)
    make(tmp_path / "book.txt", tmp_path / "store")
    assert open_corpus(str(tmp_path / "store"), {"tokenizer": "char"}).counts("train").tokens
    with pytest.raises(UsageError, match="prepared with tokenizer 'char', not 'bpe'"):
        open_corpus(str(tmp_path / "store"), {"tokenizer": "bpe"})


def test_tokenizer_learns_from_a_bounded_sample_spread_over_the_corpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textgen.tokenization.prepare.MOST_SAMPLE_CHARACTERS", 2000)
    lines = [f"{number:04} {chr(0x4E00 + number)}" for number in range(5000)]
    (tmp_path / "book.txt").write_text("\n".join(lines), encoding="utf-8")
    store = make(tmp_path / "book.txt", tmp_path / "store", documents="line")
    learned = store.tokenizer.vocab_size - 257
    assert 0.8 * 2000 / 6 < learned < 1.2 * 2000 / 6
    known = [
        c for c in (chr(0x4E00 + n) for n in range(5000)) if len(store.tokenizer.encode(c)) == 1
    ]
    assert known[0] < chr(0x4E00 + 100)
    assert known[-1] > chr(0x4E00 + 4900)
    assert store.manifest.notes == ["tokens were learned from 2,000 characters, evenly spread"]


def test_recipe_says_everything_that_options_say(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("title,body\none,first row\ntwo,second row\nthree,\n")
    (tmp_path / "held.csv").write_text("title,body\nfour,fourth row\n")
    (tmp_path / "mine.toml").write_text(
        """
        licence = "CC0-1.0"
        [[sources]]
        path = "rows.csv"
        [settings]
        template = '$title:\\n$body'
        documents = "line"
        validation = "held.csv"
        tokenizer = "word"
        """
    )
    store = make(tmp_path / "mine.toml", tmp_path / "store")
    decoded = {
        split: store.tokenizer.decode(store.tokens(split)) for split in ("train", "validation")
    }
    assert decoded == {"train": "one:first rowtwo:second row", "validation": "four:fourth row"}
    assert [store.counts(split).documents for split in decoded] == [4, 2]
    assert store.manifest.licence == "CC0-1.0"
    assert store.manifest.removed == {"rows whose cell is null or empty": 1}
    other = make(tmp_path / "mine.toml", tmp_path / "other", column="title", tokenizer="char")
    assert other.tokenizer.decode(other.tokens("train")) == "onetwothree"


def test_token_store_is_no_corpus_and_nothing_in_it_is_read_as_one(tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text("short\nlonger line\n" * 9)
    settings = {"documents": "line", "max_characters": 5}
    store = make(tmp_path / "book.txt", tmp_path / "stores" / "book", **settings)
    assert store.manifest.removed == {"longer than 5 characters": 9}
    with open_source(str(tmp_path), {}) as source:
        assert [file.name for file in source.files] == [str(tmp_path / "book.txt")]
    with pytest.raises(UsageError, match="a token store, not a corpus"):
        make(store.folder, tmp_path / "again")


def test_other_store_in_the_way_is_refused_before_the_corpus_is_read(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "book.txt").write_text(text)
    make(tmp_path / "book.txt", tmp_path / "store")
    (tmp_path / "other.txt").write_bytes(b"\xff cannot be read")
    with (
        pytest.raises(UsageError, match="exists already"),
        open_source(str(tmp_path / "other.txt"), {}) as source,
    ):
        prepare_once(source, tmp_path / "store")
    assert TokenStore(tmp_path / "store").manifest.corpus == "book.txt"
