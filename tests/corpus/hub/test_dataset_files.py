"""Names of the hub become sets at a commit, and these become files."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.corpus.hub_sets import FILES
from tests.stand_in_hub import COMMIT, LATER, TOKEN, HubRepository, StandInHub
from textgen.config.corpus import DocumentRule
from textgen.corpus.corpus_file import CorpusFile
from textgen.corpus.hub.dataset_files import hub_files, resolve
from textgen.corpus.hub.hub_dataset import HubDataset, HubName
from textgen.errors import DataError, MissingInput, UsageError

RULE = DocumentRule(documents="line")


def parts_of(name: str, *splits: str, streaming: bool = False) -> list[CorpusFile]:
    return hub_files(resolve(name), splits, streaming=streaming, rule=RULE)


def content(file: CorpusFile) -> bytes:
    with file.stored.local() as path:
        return path.read_bytes()


def test_a_name_means_a_commit(hub: StandInHub) -> None:
    found = resolve("hf:quay/colours:red")
    assert found.name == f"hf:quay/colours:red@{COMMIT}"
    assert found.licence == "cc0-1.0"
    assert resolve(found.name) == found
    assert resolve("hf:quay/stories").licence == "unknown"


def test_a_branch_that_moves_is_another_set_and_the_old_one_keeps_its_name(hub: StandInHub) -> None:
    old = resolve("hf:quay/moving")
    hub.sets["quay/moving"].branches["main"] = LATER
    new = resolve("hf:quay/moving")
    assert [old.revision, new.revision] == [COMMIT, LATER]
    (before,), (after,) = parts_of(old.name), parts_of("hf:quay/moving")
    assert [content(before), content(after)] == [b"first\n", b"second\n"]
    assert before.stored.fingerprint() != after.stored.fingerprint()


def test_a_set_that_was_read_before_costs_one_question(hub: StandInHub) -> None:
    first = [content(file) for file in parts_of("hf:quay/stories")]
    hub.requests.clear()
    assert [content(file) for file in parts_of("hf:quay/stories")] == first
    assert hub.requests == ["HEAD /", "GET /api/datasets/quay/stories/revision/main"]


def test_nothing_is_fetched_before_it_is_read_nor_what_is_not_wanted(hub: StandInHub) -> None:
    train, test = parts_of("hf:quay/stories", "test", "train")
    assert not [request for request in hub.requests if request.endswith(".parquet")]
    content(test)
    fetched = {request.rpartition("/")[2] for request in hub.requests if "/data/" in request}
    assert fetched == {"test-00000-of-00001.parquet"}
    assert (train.hub_split, test.hub_split) == ("train", "test")


@pytest.mark.parametrize(
    ("name", "forms", "options"),
    [
        ("stories", ["parquet"], {}),
        ("more", ["jsonl"], {}),
        ("plain", ["text"], {}),
        ("table", ["csv"], {}),
        ("tabs", ["tsv"], {}),
        ("semicolons", ["csv"], {"sep": ";"}),
        ("nested", ["json"], {"field": "data"}),
    ],
)
def test_each_file_is_a_part_with_its_form(
    hub: StandInHub, name: str, forms: list[str], options: dict[str, Any]
) -> None:
    files = parts_of(f"hf:quay/{name}")
    paths = [file.name.partition(" ")[2] for file in files]
    assert [content(file) for file in files] == [FILES[name][path] for path in paths]
    assert {file.form for file in files} == set(forms)
    assert all(file.options == options and file.rule == RULE for file in files)
    assert all(COMMIT[:12] in file.name for file in files)


def test_splits_have_the_roles_that_their_names_say(hub: StandInHub) -> None:
    assert [file.split for file in parts_of("hf:quay/stories")] == ["train", "validation", "test"]
    assert [file.split for file in parts_of("hf:quay/plain")] == ["train", "validation"]
    assert [file.split for file in parts_of("hf:quay/more")] == ["train", None]


def test_packed_files_say_so(hub: StandInHub) -> None:
    (file,) = parts_of("hf:quay/packed")
    assert (file.form, file.packing) == ("jsonl", ".gz")
    with pytest.raises(DataError, match=r"train\.txt\.zip: packed in a way that is not read"):
        parts_of("hf:quay/zipped")


def test_a_split_that_is_not_there_is_refused_with_those_that_are(hub: StandInHub) -> None:
    with pytest.raises(UsageError, match="no split 'dev'; it has: train, validation, test"):
        parts_of("hf:quay/stories", "train", "dev")


@pytest.mark.parametrize(
    ("name", "kind", "hint"),
    [
        ("hf:quay/none", MissingInput, "no such data set"),
        ("hf:quay/stories@nope", MissingInput, "no such branch, tag or commit"),
        ("hf:quay/colours", UsageError, "hf:quay/colours:red; it has: red, blue"),
        ("hf:quay/colours:green", UsageError, "it has: red, blue"),
        ("hf:quay", UsageError, "hf:org/name"),
        ("hf:quay/plain@\udcff", UsageError, "hf:org/name"),
        ("hf:quay/plain@a b", UsageError, "hf:org/name"),
        ("hf:quay/..x", UsageError, "Repo id"),
        ("hf:quay/script", DataError, r"script\.py, and programs of a set are never run"),
        ("hf:quay/nothing", DataError, "no files of a known form"),
        ("hf:quay/promised", DataError, "no files of a known form"),
        ("hf:quay/odd", DataError, "an option in its card"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(
    hub: StandInHub, name: str, kind: type[Exception], hint: str
) -> None:
    with pytest.raises(kind, match=hint) as refused:
        resolve(name)
    assert "\n" not in str(refused.value)


def test_a_folder_of_the_same_name_is_not_taken_for_the_set(
    hub: StandInHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "quay" / "plain").mkdir(parents=True)
    (tmp_path / "quay" / "plain" / "train.txt").write_text("local")
    monkeypatch.chdir(tmp_path)
    assert content(parts_of("hf:quay/plain")[0]) == FILES["plain"]["train.txt"]


def test_a_card_cannot_name_a_file_of_this_machine(hub: StandInHub, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    card = f"---\nconfigs:\n- config_name: x\n  data_files: {tmp_path}/*.txt\n---\n"
    hub.sets["quay/thief"] = HubRepository({COMMIT: {"README.md": card.encode()}})
    with pytest.raises(DataError, match="relative paths to the dataset"):
        resolve("hf:quay/thief")


@pytest.mark.parametrize("name", ["hf:quay/private", "hf:quay/gated"])
def test_private_and_gated_sets_want_a_token(
    hub: StandInHub, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for token in ("", "hf_of_somebody_else"):
        monkeypatch.setenv("HF_TOKEN", token)
        with pytest.raises(MissingInput, match="HF_TOKEN"):
            resolve(name)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert [content(file) for file in parts_of(name)] == [b"for few\n"]


def test_a_token_that_is_taken_away_is_missed_when_a_file_is_fetched(
    hub: StandInHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    (file,) = parts_of("hf:quay/gated", streaming=True)
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(MissingInput, match=r"train\.txt: gated; accept its terms"):
        content(file)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x, max_size=2)
)
PATHS = st.dictionaries(st.text(), st.lists(st.text(), max_size=3).map(tuple), max_size=3)


@given(st.builds(HubDataset, *[st.text()] * 5, st.dictionaries(st.text(), JSON, max_size=2), PATHS))
def test_a_set_comes_back_from_json_as_it_was(hub_set: HubDataset) -> None:
    assert HubDataset.from_json(json.loads(json.dumps(hub_set.to_json()))) == hub_set


@given(
    st.sampled_from(["id", "revision", "licence", "options", "files", "more"]),
    st.none() | st.integers() | st.lists(st.integers(), min_size=1) | st.just({"train": [1]}),
)
def test_json_of_another_shape_is_no_set(key: str, value: Any) -> None:
    good = HubDataset("a/b", "c", COMMIT, "mit", "text", {}, {"train": ("a.txt",)}).to_json()
    if key == "options" and isinstance(value, dict):
        return
    with pytest.raises(DataError):
        HubDataset.from_json(json.loads(json.dumps({**good, key: value})))


@given(
    st.from_regex(r"[a-z]+/[a-z]+", fullmatch=True),
    st.none() | st.from_regex(r"[a-z.-]+", fullmatch=True),
    st.from_regex(r"[a-z/0-9:@]+", fullmatch=True),
)
def test_names_are_read_as_they_are_written(name: str, config: str | None, revision: str) -> None:
    whole = HubName(name, config, revision)
    assert HubName.parse(str(whole)) == whole
