"""A store holds what its recipe says: told here a second time, in plain Python, document by one."""

import csv
import gzip
import hashlib
import json
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textgen.config.tokens import EOS_ID
from textgen.corpus.collect import collect
from textgen.corpus.resolve import open_source
from textgen.corpus.splits import choose_split, read_spans, survey
from textgen.errors import DataError
from textgen.evaluation.measure_corpus import how_to_read
from textgen.tokenization.prepare import prepare
from textgen.tokenization.token_store import REMOVED, TokenStore

SHARE = 0.3
COLUMNS = ("text", "lang", "who")
LEAK = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu"


class Document(NamedTuple):
    """A document, and how often it is trained on."""

    text: str
    label: str
    is_wanted: bool
    weight: int


@dataclass(frozen=True)
class Sheet:
    """A table of a recipe. Its rows are (text, language, author)."""

    rows: list[tuple[str, str, str]]
    form: str
    weight: int
    label: str
    own: dict[str, Any] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "wt", encoding="utf-8", newline="") as file:
            if "csv" in path.name:
                table = csv.writer(file, quoting=csv.QUOTE_ALL)
                table.writerows([COLUMNS, *self.rows])
            else:
                for row in self.rows:
                    file.write(json.dumps(dict(zip(COLUMNS, row, strict=True))) + "\n")

    def documents(self) -> Iterator[tuple[str, str, bool]]:
        """Yield the text of each document, its label, and whether it is wanted."""
        for text, lang, who in self.rows:
            if not text or lang not in [value for _, value in self.own.get("where", [("", lang)])]:
                yield text, "", False
                continue
            label = (who if "label_column" in self.own else "") or self.label
            clean = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
            by_line = self.own.get("documents") == "line"
            for document in clean.split("\n") if by_line else [clean]:
                wanted = len(document) >= self.own.get("min_characters", 0)
                wanted = wanted and LEAK not in document.casefold() and not document.isspace()
                if document:
                    yield document, label, wanted


texts = st.lists(
    st.sampled_from(["sea", "e\u0301", "日本", " ", "\n", "\r\n", "\r", f" {LEAK.upper()} "]),
    max_size=6,
).map("".join)
sheets = st.builds(
    Sheet,
    st.lists(st.tuples(texts, st.sampled_from("ab"), st.sampled_from(["", "me"])), max_size=8),
    st.sampled_from(["jsonl", "jsonl.gz", "csv"]),
    st.integers(1, 3),
    st.sampled_from(["", "tale"]),
    st.fixed_dictionaries(
        {},
        optional={
            "documents": st.just("line"),
            "min_characters": st.integers(0, 6),
            "where": st.just([("lang", "a")]),
            "label_column": st.just("who"),
        },
    ),
)


def write_recipe(folder: Path, recipe: list[Sheet], general: dict[str, Any]) -> Path:
    lines = ["[settings]", *(f"{name} = {json.dumps(value)}" for name, value in general.items())]
    for number, sheet in enumerate(recipe):
        sheet.write(folder / f"{number}.{sheet.form}")
        told = {"path": f"{number}.{sheet.form}", "weight": sheet.weight, "label": sheet.label}
        told |= sheet.own
        lines += ["[[sources]]", *(f"{name} = {json.dumps(value)}" for name, value in told.items())]
    (folder / "mine.toml").write_text("\n".join(lines))
    return folder / "mine.toml"


def expected(kept: list[Document]) -> dict[str, list[str]]:
    """Return the documents of each split, by the rules."""
    if len(kept) == 1:
        text, weight = kept[0].text, kept[0].weight
        at = min(int((1 - SHARE) * len(text)), len(text) - 1)
        return {"train": [text[:at]] * weight, "validation": [text[at:]]}
    hashes = [hashlib.sha256(text.encode()).digest()[:8] for text, *_ in kept]
    below = [int.from_bytes(value, "big") < SHARE * 2**64 for value in hashes]
    below = below if any(below) else [value == min(hashes) for value in hashes]
    below = [value < max(hashes) for value in hashes] if all(below) else below
    trained = [entry for entry, out in zip(kept, below, strict=True) if not out]
    turns = range(max(document.weight for document in kept))
    return {
        "train": [text for turn in turns for text, *_, weight in trained if turn < weight],
        "validation": [text for (text, *_), out in zip(kept, below, strict=True) if out],
    }


def decoded(store: TokenStore, split: str) -> list[str]:
    tokens = store.tokens(split)
    ends = np.flatnonzero(tokens == EOS_ID)
    return [store.tokenizer.decode(part) for part in np.split(tokens, ends + 1)[: len(ends)]]


def measured(recipe: Path, store: TokenStore, split: str) -> list[str]:
    """Return the documents that an evaluation of a model of this store reads."""
    reading = how_to_read(store.manifest.settings, store.tokenizer.normal_form, split, {})
    with open_source(str(recipe), reading) as source, collect(source) as documents:
        cut, part = choose_split(survey(documents), split, source.config.validation)
        pieces = [piece for here, piece in read_spans(documents, cut) if here.split == part]
        return "".join("\0" if piece is None else piece for piece in pieces).split("\0")[:-1]


def make(recipe: Path, out: Path) -> TokenStore:
    with open_source(str(recipe), {}) as source:
        return prepare(source, out)


def check_manifest(store: TokenStore, kept: list[Document], found: int) -> None:
    told = store.manifest
    listed = (store.folder / REMOVED).read_text().splitlines()
    assert len(listed) == sum(told.removed.values()) == found - len(kept)
    assert told.labels == Counter(document.label for document in kept if document.label)
    assert sum(source["documents"] for source in told.sources) == len(kept)
    assert sum(source["characters"] for source in told.sources) == sum(
        len(document.text) for document in kept
    )


@given(st.lists(sheets, min_size=1, max_size=3), st.sampled_from(["keep", "exact"]))
@settings(max_examples=50)
def test_store_holds_what_its_recipe_says_and_an_evaluation_reads_the_same(
    recipe: list[Sheet], duplicates: str
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "leak.txt").write_text(LEAK)
        general = {"duplicates": duplicates, "validation": SHARE, "decontaminate": "leak.txt"}
        path = write_recipe(folder, recipe, general)
        found = [Document(*one, sheet.weight) for sheet in recipe for one in sheet.documents()]
        kept = [document for document in found if document.is_wanted]
        if duplicates == "exact":
            texts_so_far = [document.text for document in kept]
            kept = [d for number, d in enumerate(kept) if d.text not in texts_so_far[:number]]
        if not kept:
            with pytest.raises(DataError, match="empty"):
                make(path, folder / "store")
            return
        store = make(path, folder / "store")
        check_manifest(store, kept, len(found))
        for split, documents in expected(kept).items():
            assert decoded(store, split) == documents
            if documents:
                assert measured(path, store, split) == documents
