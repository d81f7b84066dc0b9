"""What was read once can be read again without the hub, at exactly the commit that was named."""

from collections.abc import Callable
from pathlib import Path

import platformdirs
import pytest

from tests.corpus.hub_sets import FILES
from tests.stand_in_hub import COMMIT, LATER, StandInHub
from textgen.config.corpus import DocumentRule
from textgen.corpus.datasets_library import import_datasets
from textgen.corpus.hub.dataset_files import hub_files, resolve
from textgen.corpus.hub.hub_dataset import HUB
from textgen.errors import MissingInput


def read(name: str, *, streaming: bool = False) -> bytes:
    files = hub_files(resolve(name), streaming=streaming, rule=DocumentRule())
    found = b""
    for file in files:
        with file.stored.local() as path:
            found += path.read_bytes()
    return found


@pytest.fixture
def go_offline(hub: StandInHub, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def switch() -> None:
        from huggingface_hub import constants

        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
        hub.requests.clear()

    return switch


@pytest.fixture
def moved(hub: StandInHub) -> StandInHub:
    """A hub, one of whose sets was read, moved and read again."""
    assert read("hf:quay/moving") == b"first\n"
    hub.sets["quay/moving"].branches["main"] = LATER
    assert read("hf:quay/moving") == b"second\n"
    return hub


def set_files() -> list[Path]:
    return list((Path(platformdirs.user_cache_dir("textgen")) / "hub").rglob("*.json"))


def test_offline_every_commit_that_was_read_is_itself(
    moved: StandInHub, go_offline: Callable[[], None]
) -> None:
    go_offline()
    told = {
        revision: read(f"hf:quay/moving{revision}")
        for revision in ("", "@main", f"@{COMMIT}", f"@{LATER}", f"@{COMMIT[:12]}")
    }
    assert list(told.values()) == [b"second\n", b"second\n", b"first\n", b"second\n", b"first\n"]
    assert resolve(f"hf:quay/moving:default@{COMMIT}").revision == COMMIT
    assert moved.requests == []


@pytest.mark.parametrize("revision", ["nope", "0" * 40, COMMIT[:6], "a" * 5000, ".."])
def test_offline_another_revision_is_refused_with_those_in_the_cache(
    moved: StandInHub, go_offline: Callable[[], None], revision: str
) -> None:
    go_offline()
    with pytest.raises(MissingInput, match=f"default@{COMMIT[:12]}, default@{LATER[:12]}"):
        resolve(f"hf:quay/moving@{revision}")


def test_offline_a_configuration_that_was_not_read_is_refused(
    hub: StandInHub, go_offline: Callable[[], None]
) -> None:
    read("hf:quay/colours:red")
    go_offline()
    assert read("hf:quay/colours:red") == FILES["colours"]["red/train.jsonl"]
    for name in ("hf:quay/colours", "hf:quay/colours:blue"):
        with pytest.raises(MissingInput, match=f"the cache holds: red@{COMMIT[:12]}"):
            resolve(name)
    with pytest.raises(MissingInput, match="the cache holds: nothing"):
        resolve("hf:quay/stories")


def test_the_switch_of_the_other_library_will_do(
    hub: StandInHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = read("hf:quay/plain")
    monkeypatch.setattr(import_datasets(HUB).config, "HF_HUB_OFFLINE", True)
    hub.requests.clear()
    assert read("hf:quay/plain") == first
    assert hub.requests == []


def test_streaming_keeps_no_copy(
    hub: StandInHub, go_offline: Callable[[], None], tmp_path: Path
) -> None:
    (file,) = hub_files(resolve("hf:quay/table"), streaming=True, rule=DocumentRule())
    with file.stored.local() as path:
        assert path.read_bytes() == FILES["table"]["train.csv"]
    assert not path.exists()
    assert not [path for path in (tmp_path / "library").rglob("*.csv")]
    go_offline()
    with pytest.raises(MissingInput, match=r"train\.csv: not in the cache"):
        read("hf:quay/table")


def test_streaming_offline_reads_the_cache(hub: StandInHub, go_offline: Callable[[], None]) -> None:
    first = read("hf:quay/plain")
    go_offline()
    assert read("hf:quay/plain", streaming=True) == first


@pytest.mark.parametrize(
    "damage", [b"", b"{}", b"[]", b"{", b"[" * 100_000, b"\xff", b'{"commit": 3}']
)
def test_a_damaged_cache_is_as_if_it_were_not_there(
    hub: StandInHub, go_offline: Callable[[], None], damage: bytes
) -> None:
    first = read("hf:quay/plain")
    for path in set_files():
        path.write_bytes(damage)
    assert read("hf:quay/plain") == first
    for path in set_files():
        path.write_bytes(damage)
    go_offline()
    with pytest.raises(MissingInput, match="the cache holds: nothing"):
        resolve("hf:quay/plain")
