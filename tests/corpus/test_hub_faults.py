"""A hub that fails is waited for, out loud and not for ever; what it says is passed on."""

import logging
from pathlib import Path

import pytest

from tests.corpus.hub_sets import FILES
from tests.stand_in_hub import Fault, StandInHub, dead_endpoint, silent_hub
from textgen.config.corpus import DocumentRule
from textgen.corpus.corpus_file import CorpusFile
from textgen.corpus.hub import hub_api
from textgen.corpus.hub.dataset_files import hub_files, resolve
from textgen.corpus.hub.hub_file import RETRIES

API = "api/datasets"
LATER = {"Retry-After": "2"}
DATA = r"GET .*/train\.txt$"


class Listener:
    """Keeps what is reported to it."""

    def __init__(self) -> None:
        self.fetched: dict[str, list[int | None]] = {}

    def advance(self, stage: str, done: int, total: int | None = None) -> None:
        self.fetched.setdefault(stage, []).extend([done, total])


def parts_of(name: str, *, streaming: bool = False) -> list[CorpusFile]:
    return hub_files(resolve(name), streaming=streaming, rule=DocumentRule())


def test_bytes_that_come_are_reported(hub: StandInHub) -> None:
    listener = Listener()
    dataset = resolve("hf:quay/plain")
    file = hub_files(dataset, streaming=False, rule=DocumentRule(), progress=listener)[0]
    size = len(content(file))
    assert listener.fetched == {"fetching train.txt": [size, size]}


def content(file: CorpusFile) -> bytes:
    with file.stored.local() as path:
        return path.read_bytes()


@pytest.mark.parametrize(
    ("fault", "first"),
    [
        (Fault(API, 503, 2), "the hub answers 503; waiting 1 s, retry 1 of 5"),
        (
            Fault(API, 429, 2, {"Retry-After": "2"}),
            "the hub answers 429; waiting 3 s, retry 1 of 5",
        ),
        (Fault("/tree/", 503, 1), "the hub answers 503; waiting 1 s, retry 1 of 5"),
    ],
)
def test_a_hub_that_fails_for_a_while_is_waited_for_and_that_is_logged(
    hub: StandInHub, caplog: pytest.LogCaptureFixture, fault: Fault, first: str
) -> None:
    times = fault.times
    hub.faults.append(fault)
    assert content(parts_of("hf:quay/plain")[0]) == FILES["plain"]["train.txt"]
    assert caplog.messages[0] == first
    assert len(caplog.messages) == times


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize("where", [API, "/tree/", r"\.huggingface\.yaml", "README"])
def test_a_hub_that_fails_for_ever_is_what_it_says(
    hub: StandInHub, caplog: pytest.LogCaptureFixture, status: int, where: str
) -> None:
    hub.sets["quay/plain"].commits["0" * 40] = FILES["plain"] | {".huggingface.yaml": b"{}"}
    hub.sets["quay/plain"].branches["main"] = "0" * 40
    hub.faults.append(Fault(where, status))
    with pytest.raises(ConnectionError, match=f"the hub answers {status}") as refused:
        parts_of("hf:quay/plain")
    assert "\n" not in str(refused.value)
    assert caplog.messages[-1].endswith("retry 5 of 5")


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        (Fault(DATA, "cut", 2), "the download was cut; going on with it"),
        (Fault(DATA, "reset", 2), "the connection broke; waiting 4 s, 3 retries left"),
        (Fault(DATA, 503, 2), "the hub answers 503; waiting 4 s, 3 retries left"),
        (Fault(DATA, 429, 2), "the hub answers 429; waiting 1 s, retry 1 of 5"),
        (Fault(r"HEAD .*/train\.txt$", 503, 2), "the hub answers 503; waiting 1 s, retry 1 of 5"),
    ],
)
@pytest.mark.parametrize("streaming", [False, True])
def test_a_download_that_fails_for_a_while_comes_whole(
    hub: StandInHub, caplog: pytest.LogCaptureFixture, fault: Fault, word: str, streaming: bool
) -> None:
    hub.faults.append(Fault(**vars(fault)))
    file, _ = parts_of("hf:quay/plain", streaming=streaming)
    assert content(file) == FILES["plain"]["train.txt"]
    assert caplog.messages[0] == word


@pytest.mark.parametrize("kind", ["cut", "reset", 503, 429])
@pytest.mark.parametrize("streaming", [False, True])
def test_a_download_that_fails_for_ever_is_an_error_and_leaves_nothing_half(
    hub: StandInHub,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    kind: int | str,
    streaming: bool,
) -> None:
    hub.faults.append(Fault(DATA, kind))
    file, other = parts_of("hf:quay/plain", streaming=streaming)
    with pytest.raises(ConnectionError, match=r"train\.txt: ") as refused:
        content(file)
    assert "\n" not in str(refused.value)
    assert len(caplog.messages) >= RETRIES
    assert not list(tmp_path.rglob("*.incomplete"))
    assert content(other) == FILES["plain"]["dev.txt"]
    hub.faults.clear()
    assert content(file) == FILES["plain"]["train.txt"]


def test_nothing_stays_behind_on_the_loggers_of_the_library(hub: StandInHub) -> None:
    names = ("huggingface_hub.utils._http", "huggingface_hub.file_download")
    before = [(x.handlers[:], x.level, x.propagate) for x in map(logging.getLogger, names)]
    hub.faults.append(Fault(API, 503))
    with pytest.raises(ConnectionError):
        resolve("hf:quay/plain")
    assert before == [(x.handlers[:], x.level, x.propagate) for x in map(logging.getLogger, names)]


def test_a_full_disk_is_no_fault_of_the_hub(hub: StandInHub, tmp_path: Path) -> None:
    (file, _) = parts_of("hf:quay/plain")
    blobs = tmp_path / "library" / "datasets--quay--plain" / "blobs"
    blobs.write_bytes(b"a file in the way of a folder")
    with pytest.raises(FileExistsError):
        content(file)


@pytest.mark.parametrize("streaming", [False, True])
def test_a_hub_that_goes_away_between_two_files_is_an_error(
    hub: StandInHub,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    streaming: bool,
) -> None:
    from huggingface_hub import constants

    file, _ = parts_of("hf:quay/plain", streaming=streaming)
    template = dead_endpoint() + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    with pytest.raises(ConnectionError, match=r"train\.txt: .*refused.*HF_HUB_OFFLINE=1"):
        content(file)
    assert caplog.messages[-1] == "the hub does not answer; waiting 8 s, retry 5 of 5"


def test_a_silent_hub_is_waited_for_as_long_as_the_probe_says(
    hub: StandInHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(hub_api, "PROBE_SECONDS", 0.2)
    with silent_hub() as silent, monkeypatch.context() as patch:
        patch.setattr(constants, "ENDPOINT", silent)
        with pytest.raises(ConnectionError, match=r"HF_ENDPOINT.*HF_HUB_OFFLINE=1"):
            resolve("hf:quay/plain")


def test_an_endpoint_that_is_no_hub_is_told_from_one(hub: StandInHub) -> None:
    hub.faults.append(Fault(API, 200))
    with pytest.raises(ConnectionError, match="HF_ENDPOINT"):
        resolve("hf:quay/plain")
