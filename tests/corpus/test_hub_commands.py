"""Commands read sets of the hub; a stand-in on this machine serves them."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run
from tests.corpus.hub_sets import sets
from tests.stand_in_hub import COMMIT, LATER, TOKEN, Fault, StandInHub, dead_endpoint

Hub = Callable[..., Any]


@pytest.fixture
def hub(run_anew: Run, hub_server: StandInHub, tmp_path: Path) -> Hub:
    """Run `textgen` against the stand-in hub, with caches of its own."""
    hub_server.sets, hub_server.faults = sets(), []

    def textgen(*arguments: object, **environment: str) -> Any:
        home = {
            "HF_ENDPOINT": hub_server.endpoint,
            "HF_HOME": str(tmp_path / "hf"),
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
        }
        return run_anew(*arguments, env=home | environment)

    return textgen


def manifest(store: Path) -> Any:
    return json.loads((store / "store.json").read_text())


def documents(store: Path) -> dict[str, int]:
    return {split: counts["documents"] for split, counts in manifest(store)["counts"].items()}


def test_splits_of_a_set_are_those_of_the_corpus(hub: Hub, tmp_path: Path) -> None:
    done = hub("prepare", "hf:quay/stories", "-o", tmp_path / "store")
    assert done.returncode == 0, done.stderr.decode()
    assert documents(tmp_path / "store") == {"train": 100, "validation": 2, "test": 3}
    assert manifest(tmp_path / "store")["corpus"] == f"hf:quay/stories:default@{COMMIT}"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--validation", "test"], {"train": 100, "validation": 3, "test": 0}),
        (
            ["--splits", "train", "--splits", "validation"],
            {"train": 100, "validation": 2, "test": 0},
        ),
        (["--streaming"], {"train": 100, "validation": 2, "test": 3}),
    ],
)
def test_splits_can_be_chosen(
    hub: Hub, tmp_path: Path, options: list[str], expected: dict[str, int]
) -> None:
    done = hub("prepare", "hf:quay/stories", "-o", tmp_path / "store", *options)
    assert done.returncode == 0, done.stderr.decode()
    assert documents(tmp_path / "store") == expected
    kept = list((tmp_path / "hf").rglob("*.parquet"))
    assert bool(kept) == ("--streaming" not in options)


def test_splits_without_a_role_are_left_out_unless_they_are_named(hub: Hub, tmp_path: Path) -> None:
    told = []
    for name, options in (("one", []), ("two", ["--validation", "holdout"])):
        done = hub("prepare", "hf:quay/more", "-o", tmp_path / name, *options)
        assert done.returncode == 0, done.stderr.decode()
        counts = documents(tmp_path / name)
        told.append([counts["train"], counts["validation"]])
        assert (b"not read" in done.stderr) == (not options)
    assert sum(told[0]) == 2
    assert told[1] == [2, 1]


def test_configurations_revisions_and_templates(hub: Hub, tmp_path: Path) -> None:
    name = f"hf:quay/colours:red@{COMMIT}"
    done = hub("prepare", name, "-o", tmp_path / "store", "--template", "$title $body")
    assert done.returncode == 0, done.stderr.decode()
    counts = documents(tmp_path / "store")
    assert counts["validation"] in (0, 20)  # all are equal, so they fall on one side
    assert counts["train"] + counts["validation"] == 20


def test_offline_the_commit_that_was_read_comes_again(
    hub: Hub, hub_server: StandInHub, tmp_path: Path
) -> None:
    for commit in (COMMIT, LATER):
        hub_server.sets["quay/moving"].branches["main"] = commit
        done = hub("prepare", "hf:quay/moving", "-o", tmp_path / commit, "--documents", "line")
        assert done.returncode == 0, done.stderr.decode()
    name, store = f"hf:quay/moving@{COMMIT}", tmp_path / "again"
    done = hub("prepare", name, "-o", store, "--documents", "line", HF_DATASETS_OFFLINE="1")
    assert done.returncode == 0, done.stderr.decode()
    assert manifest(store)["fingerprint"] == manifest(tmp_path / COMMIT)["fingerprint"]
    assert manifest(store)["fingerprint"] != manifest(tmp_path / LATER)["fingerprint"]


def test_a_gated_set_is_read_with_a_token(hub: Hub, tmp_path: Path) -> None:
    done = hub("prepare", "hf:quay/gated", "-o", tmp_path / "store", HF_TOKEN=TOKEN)
    assert done.returncode == 0, done.stderr.decode()


def test_who_waits_for_the_hub_is_told(hub: Hub, hub_server: StandInHub, tmp_path: Path) -> None:
    hub_server.faults.append(Fault("api/datasets", 503, 1))
    done = hub("prepare", "hf:quay/stories", "-o", tmp_path / "store")
    assert done.returncode == 0, done.stderr.decode()
    assert b"the hub answers 503; waiting 1 s, retry 1 of 5" in done.stderr


def test_a_dead_endpoint_is_an_error_within_ten_seconds(hub: Hub, tmp_path: Path) -> None:
    start = time.monotonic()
    done = hub("prepare", "hf:quay/stories", "-o", tmp_path / "store", HF_ENDPOINT=dead_endpoint())
    assert time.monotonic() - start < 10
    assert (done.returncode, len(done.stderr.splitlines())) == (74, 1), done.stderr.decode()
    assert b"HF_ENDPOINT" in done.stderr


@pytest.mark.parametrize(
    ("corpus", "options", "code", "hint"),
    [
        ("hf:quay/none", [], 66, "quay/none"),
        ("hf:quay/colours:green", [], 2, "it has: red, blue"),
        ("hf:quay/stories", ["--column", "story"], 65, "its columns are: number, text"),
        ("hf:quay/stories", ["--validation", "holdout"], 2, "test, train, validation"),
    ],
)
def test_what_is_not_there_is_one_line(
    hub: Hub, tmp_path: Path, corpus: str, options: list[str], code: int, hint: str
) -> None:
    done = hub("prepare", corpus, "-o", tmp_path / "store", "-q", *options)
    lines = done.stderr.decode().strip().splitlines()
    assert (done.returncode, len(lines)) == (code, 1), done.stderr.decode()
    assert lines[0].startswith("textgen: ")
    assert hint in lines[0]
    assert not (tmp_path / "store").exists()
