"""A stand-in hub for the tests, and libraries that take it for the real one."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stand_in_hub import StandInHub, stand_in_hub
from textgen.corpus.datasets_library import import_datasets
from textgen.corpus.hub.hub_dataset import HUB


@pytest.fixture(scope="module")
def hub_server() -> Iterator[StandInHub]:
    with stand_in_hub({}) as hub:
        yield hub


@pytest.fixture
def hub(
    hub_server: StandInHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[StandInHub]:
    """A hub in its first state, with empty caches; who waits for it does not wait."""
    from tests.corpus.hub_sets import sets

    datasets = import_datasets(HUB)
    from huggingface_hub import HfFileSystem, constants

    hub_server.sets = sets()
    hub_server.faults, hub_server.requests = [], []
    monkeypatch.setattr(constants, "ENDPOINT", hub_server.endpoint)
    template = hub_server.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "library"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(datasets.config, "HF_ENDPOINT", hub_server.endpoint)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    HfFileSystem.clear_instance_cache()
    yield hub_server
    HfFileSystem.clear_instance_cache()
