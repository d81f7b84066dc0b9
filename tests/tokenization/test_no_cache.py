"""Where a cache or a temporary folder cannot be written, it works without, or says what to move."""

import errno
import gc
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run
from tests.seeded_models import TIDEWATER
from textgen.errors import DataError
from textgen.tokenization.store_cache import open_corpus
from textgen.tokenization.token_store import TokenStore

# What may stand where the cache should be, at a path.
KINDS: dict[str, Callable[[Path], object]] = {
    "file": lambda path: path.write_bytes(b""),
    "dangling link": lambda path: path.symlink_to("nowhere/at/all"),
    "loop": lambda path: path.symlink_to(path.name),
    "device": lambda path: path.symlink_to("/dev/null"),
    "no such process": lambda path: path.symlink_to("/proc/self/none"),
    "system": lambda path: path.symlink_to("/sys"),
}


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, of the test alone."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache's folder, which is not there yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "up" / "cache"))
    return tmp_path / "up" / "cache" / "textgen" / "stores"


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def spoil(tmp_path: Path, kind: str) -> None:
    (tmp_path / "up").mkdir()
    KINDS[kind](tmp_path / "up" / "cache")


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_cache_the_corpus_is_prepared_for_now_and_that_is_said(
    tmp_path: Path, cache: Path, temporary: Path, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    spoil(tmp_path, kind)
    store = open_corpus(str(TIDEWATER), {})
    assert store.counts("train").documents == 1
    assert store.folder.is_relative_to(temporary)
    (said,) = caplog.messages
    assert "XDG_CACHE_HOME or 'textgen prepare -o' names another place" in said
    assert str(temporary) in said
    del store
    gc.collect()
    assert os.listdir(temporary) == []


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EPERM, errno.EDQUOT])
def test_folder_that_the_system_does_not_let_us_make_is_such_a_case(
    cache: Path,
    temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    number: int,
) -> None:
    mkdir = Path.mkdir

    def refused(path: Path, *rest: Any, **options: Any) -> None:
        if "up" in path.parts:
            raise OSError(number, os.strerror(number), str(path))
        mkdir(path, *rest, **options)

    monkeypatch.setattr(Path, "mkdir", refused)
    assert open_corpus(str(TIDEWATER), {}).folder.is_relative_to(temporary)
    assert os.strerror(number) in caplog.messages[0]


def test_store_in_a_cache_that_can_only_be_read_is_found(
    cache: Path,
    temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept = open_corpus(str(TIDEWATER), {})
    assert kept.folder.parent == cache
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != cache)
    assert open_corpus(str(TIDEWATER), {}).folder == kept.folder
    assert caplog.messages == []
    (kept.folder / "store.json").write_text("{}")
    assert open_corpus(str(TIDEWATER), {}).folder.is_relative_to(temporary)


def test_no_temporary_folder_is_left_where_preparing_fails(
    tmp_path: Path, cache: Path, temporary: Path
) -> None:
    spoil(tmp_path, "file")
    (tmp_path / "empty.txt").write_bytes(b"")
    with pytest.raises(DataError, match="empty"):
        open_corpus(str(tmp_path / "empty.txt"), {})
    assert os.listdir(temporary) == []


@pytest.mark.parametrize(("spoilt", "variable"), [(False, "XDG_CACHE_HOME"), (True, "TMPDIR")])
def test_full_disk_names_the_folder_and_the_variable_that_moves_it(
    tmp_path: Path,
    cache: Path,
    temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    spoilt: bool,
    variable: str,
) -> None:
    if spoilt:
        spoil(tmp_path, "file")
    monkeypatch.setattr("textgen.tokenization.prepare._write_tokens", full)
    with pytest.raises(OSError, match=variable) as caught:
        open_corpus(str(TIDEWATER), {})
    place = temporary if spoilt else cache
    assert Path(caught.value.filename).is_relative_to(place)


def test_where_no_temporary_folder_can_be_written_to_it_is_no_missing_input(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "gettempdir", nowhere)
    with pytest.raises(PermissionError, match=r"No usable temporary directory .* in TMPDIR"):
        open_corpus(str(TIDEWATER), {})


@pytest.mark.parametrize("home", ["/proc/self/none", "/dev/null/x", "/sys/x"])
def test_home_that_cannot_be_written_to_stops_no_command(
    run_anew: Run, tmp_path: Path, home: str
) -> None:
    made = {"HOME": home, "XDG_CACHE_HOME": "", "TMPDIR": str(tmp_path)}
    done = run_anew("corpora", "report", TIDEWATER, env=made, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert b"XDG_CACHE_HOME" in done.stderr
    assert os.listdir(tmp_path) == []


def test_training_without_a_home_leaves_the_model_alone(run: Run, tmp_path: Path) -> None:
    made = {"HOME": "/proc/self/none", "XDG_CACHE_HOME": "", "TMPDIR": str(tmp_path.parent)}
    small = ("--steps", "1", "--units", "8", "--batch-size", "1")
    done = run("train", TIDEWATER, "-o", "m", *small, env=made, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert b"XDG_CACHE_HOME" in done.stderr
    assert not TokenStore.is_store(tmp_path / "m")
    assert os.listdir(tmp_path) == ["m"]
