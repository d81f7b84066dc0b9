"""The facts of a store are those of its texts, and the page shows them to whoever opens it."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from textgen.corpus.resolve import open_source
from textgen.report import store_facts
from textgen.report.store_facts import StoreFacts
from textgen.report.store_page import store_page
from textgen.report.store_summary import NAME, WIDTH, tell_in_lines
from textgen.report.table import MOST, TextTable
from textgen.tokenization.prepare import prepare
from textgen.tokenization.token_store import TokenStore

LINES = [f"line {number} of the höhle, {'x' * (number % 7)}" for number in range(60)]
Make = Callable[..., TokenStore]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Prepare a text whose documents are lines."""

    def made(lines: list[str], name: str = "lines.txt", **settings: Any) -> TokenStore:
        (tmp_path / name).write_bytes("\r\n".join(lines).encode())
        with open_source(str(tmp_path / name), {"documents": "line"} | settings) as source:
            return prepare(source, tmp_path / "store")

    return made


def test_facts_are_those_of_the_texts(make: Make) -> None:
    facts = StoreFacts.of(make(LINES))
    characters = Counter("".join(LINES))
    tokens = characters | Counter({"<eos>": len(LINES)})
    told = {token.text.strip("'"): token.count for token in facts.commonest}
    assert all(tokens[text] == count for text, count in told.items())
    counts = sorted(tokens.values(), reverse=True)
    assert [token.count for token in facts.commonest] == counts[: len(told)]
    assert facts.types_used == len(tokens)
    assert [(rank, counts[rank - 1]) for rank, _ in facts.ranks] == list(facts.ranks)
    assert facts.ranks[-1] == (len(counts), counts[-1])
    assert sum(facts.lengths.documents) == len(LINES)
    assert facts.lengths.maximum == max(map(len, LINES)) + 1
    assert sum(token.share for token in facts.commonest) == pytest.approx(1, abs=0.1)


def test_rates_count_a_byte_and_a_character_for_each_end(make: Make) -> None:
    store = make([line.replace("ö", "o") for line in LINES])
    for held in StoreFacts.of(store).to_dict()["splits"].values():
        assert held["tokens_per_byte"] == held["characters_per_token"] == 1


def test_near_copies_are_found_among_all_splits(make: Make) -> None:
    originals = [" ".join(f"word{number}{word}" for word in range(40)) for number in range(30)]
    copies = [text + " and more" for text in originals[:12]]
    near = StoreFacts.of(make(originals + copies)).near_copies
    assert (near.compared, near.found) == (42, 12)


def test_search_for_near_copies_takes_some_documents_from_everywhere(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make(LINES)
    monkeypatch.setattr(store_facts, "COMPARED", 20)
    monkeypatch.setattr(store_facts, "TOKENS_COMPARED", 9)
    read = list[str]()

    def near_copies(texts: Iterable[str], similarity: float) -> range:
        read.extend(texts)
        return range(len(read))

    monkeypatch.setattr(store_facts, "near_copies", near_copies)
    assert StoreFacts.of(store).near_copies.compared == 20
    ids = [store.tokens(split) for split in ("train", "validation")]
    texts = "\n".join(store.tokenizer.decode(part.tolist()) for part in ids)
    places = [texts.index(beginning) for beginning in read]
    assert {len(beginning) for beginning in read} == {9}
    assert places[0] == 0
    assert places == sorted(places)
    assert max(b - a for a, b in pairwise(places)) < len(texts) / 10


def test_json_holds_what_the_manifest_says_and_what_was_counted(make: Make) -> None:
    store = make([*LINES, "no"], min_characters=5)
    told = json.loads(json.dumps(StoreFacts.of(store).to_dict()))
    assert (told["corpus"], told["settings"]["min_characters"]) == ("lines.txt", 5)
    assert sum(told["removed"].values()) == 1
    assert told["changes"] == store.manifest.changes
    assert told["splits"]["train"]["documents"] == store.counts("train").documents
    assert "test" not in told["splits"]
    assert {"commonest", "lengths", "near_copies", "ranks", "sources"} <= told.keys()


def test_text_tells_all_there_is(make: Make) -> None:
    store = make([*LINES, "no"], min_characters=5)
    told = tell_in_lines(StoreFacts.of(store))
    (why,) = store.manifest.removed
    for part in ("lines.txt (licence: unknown)", f"left out    {why}: 1", "Lengths", "<eos>", "█"):
        assert part in told, part
    assert not re.search(r" $|\x1b", told, re.MULTILINE)


def test_page_is_self_contained_and_escapes_what_the_corpus_says(make: Make) -> None:
    lines = ["<&> $x$ 漢字 🎉 \u202e\x07 עב" + "x" * number for number in range(9)]
    facts = StoreFacts.of(make(lines, name="<b>.txt"))
    told = store_page(facts).decode()
    assert store_page(facts).decode() == told
    assert "<h1>Corpus &lt;b&gt;.txt</h1>" in told
    assert all(part in told for part in ("漢", "🎉", "&#x27;&lt;&#x27;", "\\x07"))
    assert 'id="lengths"' in told
    assert 'id="ranks"' in told
    told = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", told)
    for part in ("<b>", "http", "//", "src=", "<script", "<link", "@import", "data:"):
        assert part not in told, part
    assert not re.search("[\x00-\x08\u202e]", told)


@pytest.mark.parametrize("lines", [["one"], ["a", "bc" * 9000]])
def test_corpus_of_a_text_or_two_has_a_page(make: Make, lines: list[str]) -> None:
    told = store_page(StoreFacts.of(make(lines))).decode()
    assert 'id="lengths"' in told
    assert ">0.5<" not in told  # documents are counted in whole numbers
    assert ">0.2<" not in told


def test_labels_from_a_table_cannot_steer_the_terminal(tmp_path: Path) -> None:
    rows = [("Poe", "a"), ("Mel\nville\x1b[2J", "b"), ("Mel\nville\x1b[2J", "c")]
    lines = [json.dumps({"by": label, "text": text}) for label, text in rows]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    with open_source(str(tmp_path / "rows.jsonl"), {"label_column": "by"}) as source:
        told = tell_in_lines(StoreFacts.of(prepare(source, tmp_path / "store")))
    assert re.search(r"^  Mel\ufffdville\ufffd\[2J +2\n  Poe +1$", told, re.MULTILINE)


def test_table_is_aligned_whatever_is_in_it() -> None:
    rows = [(f"漢{number}", str(10**number)) for number in range(MOST + 2)]
    table = TextTable("Title", ("name", "count"), rows, bars=range(1, MOST + 3))
    title, head, first, *_, last, rest = table.as_text().splitlines()
    assert (title, rest) == ("Title", "  and 2 more")
    width = 24  # digits of the largest number that is shown, and one
    assert head == "  name  " + "count".rjust(width + 1)
    assert first == "  漢0   " + "1".rjust(width + 1) + "  " + "▉"
    assert last == f"  漢24  1{'0' * 24}  {'█' * 22}▎"
    assert table.as_html().count("<td>") == MOST


def test_near_copies_are_no_documents_without_a_word(make: Make) -> None:
    near = StoreFacts.of(make([*LINES, *["..."] * 9, *[" "] * 9])).near_copies
    assert near.compared == len(LINES)


def test_lines_of_what_is_told_fit_a_terminal(make: Make) -> None:
    told = tell_in_lines(StoreFacts.of(make(LINES, name="a-name " * 12 + ".txt")))
    rows, _, _ = told.partition("\n\n")
    assert max(map(len, rows.splitlines())) <= WIDTH
    assert {row[:NAME].strip() for row in rows.splitlines()} >= {"corpus", "near copies", ""}
