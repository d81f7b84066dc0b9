"""Data sets of the hub become corpora; a stand-in hub on this machine serves them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.scripts_of_the_world import TEXTS, plain_bytes
from tests.stand_in_hub import COMMIT, stand_in_hub

ALL = list(TEXTS.values())
CARD = b"""---
configs:
- config_name: red
  data_files: red/*.jsonl
- config_name: blue
  data_files: blue/*.jsonl
---
"""
MORE = b"""---
configs:
- config_name: default
  data_files:
  - split: train
    path: a.jsonl
  - split: holdout
    path: b.jsonl
---
"""
SETS = {
    "quay/stories": {
        "data/train-00000-of-00001.parquet": plain_bytes(".parquet", ALL * 20),
        "data/validation-00000-of-00001.parquet": plain_bytes(".parquet", ALL[:2]),
        "data/test-00000-of-00001.parquet": plain_bytes(".parquet", ALL[2:]),
    },
    "quay/more": {
        "README.md": MORE,
        "a.jsonl": b'{"text": "one"}\n{"text": "two"}\n',
        "b.jsonl": b'{"text": "three"}\n',
    },
    "quay/colours": {
        "README.md": CARD,
        "red/train.jsonl": b'{"title": "Red", "body": "as a buoy"}\n' * 20,
        "blue/train.jsonl": b'{"title": "Blue", "body": "as deep water"}\n' * 20,
    },
}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with stand_in_hub(SETS) as address:
        yield address


@pytest.fixture
def hub(run: Run, endpoint: str, tmp_path: Path) -> Run:
    """Run `textgen` against the stand-in hub, with a cache of its own."""

    def textgen(*arguments: object) -> object:
        environment = {
            "HF_ENDPOINT": endpoint,
            "HF_HOME": str(tmp_path / "hf"),
            "HF_HUB_DISABLE_TELEMETRY": "1",
        }
        return run(*arguments, env=environment)

    return textgen  # type: ignore[return-value]  # a Run with less to say


def test_splits_of_a_set_are_those_of_the_corpus(hub: Run, tmp_path: Path) -> None:
    done = hub("prepare", "hf:quay/stories", "-o", tmp_path / "store")
    assert done.returncode == 0, done.stderr.decode()
    manifest = json.loads((tmp_path / "store" / "store.json").read_text())
    documents = {split: counts["documents"] for split, counts in manifest["counts"].items()}
    assert documents == {"train": 100, "validation": 2, "test": 3}
    assert manifest["corpus"] == f"hf:quay/stories:default@{COMMIT}"


def test_validation_may_be_another_split(hub: Run, tmp_path: Path) -> None:
    done = hub("prepare", "hf:quay/stories", "-o", tmp_path / "store", "--validation", "test")
    assert done.returncode == 0, done.stderr.decode()
    manifest = json.loads((tmp_path / "store" / "store.json").read_text())
    documents = {split: counts["documents"] for split, counts in manifest["counts"].items()}
    assert documents == {"train": 100, "validation": 3, "test": 0}


def test_splits_without_a_role_are_left_out_unless_they_are_named(hub: Run, tmp_path: Path) -> None:
    told = []
    for name, options in (("one", []), ("two", ["--validation", "holdout"])):
        done = hub("prepare", "hf:quay/more", "-o", tmp_path / name, *options)
        assert done.returncode == 0, done.stderr.decode()
        counts = json.loads((tmp_path / name / "store.json").read_text())["counts"]
        told.append([counts[split]["documents"] for split in ("train", "validation")])
        assert (b"not read" in done.stderr) == (not options)
    assert sum(told[0]) == 2
    assert told[1] == [2, 1]


def test_configurations_revisions_and_templates(hub: Run, tmp_path: Path) -> None:
    name = f"hf:quay/colours:red@{COMMIT}"
    done = hub("prepare", name, "-o", tmp_path / "store", "--template", "$title $body")
    assert done.returncode == 0, done.stderr.decode()
    counts = json.loads((tmp_path / "store" / "store.json").read_text())["counts"]
    held_out = counts["validation"]["documents"]
    assert held_out in (0, 20)  # all are equal, so they fall on one side
    assert counts["train"]["documents"] + held_out == 20


@pytest.mark.parametrize(
    ("corpus", "options", "code", "hint"),
    [
        ("hf:quay/none", [], 66, "quay/none"),
        ("hf:quay/stories@nope", [], 66, "nope"),
        ("hf:quay/colours", [], 2, "red"),
        ("hf:quay/colours:green", [], 2, "green"),
        ("hf:quay", [], 2, "hf:org/name"),
        ("hf:quay/stories", ["--column", "story"], 65, "its columns are: number, text"),
        ("hf:quay/stories", ["--validation", "holdout"], 2, "test, train, validation"),
    ],
)
def test_what_is_not_there_is_one_line(
    hub: Run, tmp_path: Path, corpus: str, options: list[str], code: int, hint: str
) -> None:
    done = hub("prepare", corpus, "-o", tmp_path / "store", "-q", *options)
    lines = done.stderr.decode().strip().splitlines()
    assert (done.returncode, len(lines)) == (code, 1), done.stderr.decode()
    assert lines[0].startswith("textgen: ")
    assert hint in lines[0]
    assert not (tmp_path / "store").exists()
