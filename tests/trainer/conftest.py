"""What the tests of training share: a store so small that a run takes a moment."""

import shutil
from pathlib import Path

import pytest

from tests.training import TINY, interrupt, make_store
from textgen import TextGenerator
from textgen.tokenization.token_store import TokenStore


@pytest.fixture(scope="session")
def small_text(tmp_path_factory: pytest.TempPathFactory, text: str) -> Path:
    path = tmp_path_factory.mktemp("text") / "small.txt"
    path.write_text(text[:6000], encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def small_store(tmp_path_factory: pytest.TempPathFactory, small_text: Path) -> TokenStore:
    return make_store(small_text, tmp_path_factory.mktemp("store") / "small")


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, cache_home: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache_home))


@pytest.fixture(scope="session")
def made(
    small_text: Path, tmp_path_factory: pytest.TempPathFactory, cache_home: Path
) -> dict[str, Path]:
    """A training that was interrupted, and the same one unbroken; not to be changed."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("XDG_CACHE_HOME", str(cache_home))
        TextGenerator.train(small_text, out=folder / "whole", **TINY)
        interrupt(small_text, folder / "unfinished")
    return {"whole": folder / "whole", "unfinished": folder / "unfinished"}


@pytest.fixture
def whole(made: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(made["whole"], tmp_path / "whole"))


@pytest.fixture
def unfinished(made: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(made["unfinished"], tmp_path / "unfinished"))
