"""What stood at an output before is there, whole, whatever happens."""

import os
from pathlib import Path

import pytest

from textgen.errors import UsageError
from textgen.files import check_output, new_folder, refuse_existing, write_file


def test_failure_while_writing_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_file(path, b"old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_failure_inside_a_new_folder_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with new_folder(tmp_path / "out") as aside:
            (aside / "part").write_bytes(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert os.listdir(tmp_path) == []


def test_new_folder_appears_whole_at_the_end(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    with new_folder(out) as aside:
        (aside / "part").write_bytes(b"all")
        assert not out.exists()
    assert (out / "part").read_bytes() == b"all"


def test_overwriting_moves_the_old_folder_aside(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for content in (b"1", b"2", b"3"):
        with new_folder(out, overwrite=True) as aside:
            (aside / "part").write_bytes(content)
    parts = {p.name: (p / "part").read_bytes() for p in tmp_path.iterdir()}
    assert parts == {"out": b"3", "out.old": b"1", "out.old-2": b"2"}


def test_everything_but_an_empty_folder_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for path in (tmp_path, tmp_path / "file", tmp_path / "link"):
        with pytest.raises(UsageError, match="exists already"):
            refuse_existing(path)
    (tmp_path / "empty").mkdir()
    with new_folder(tmp_path / "empty") as aside:
        (aside / "part").write_bytes(b"all")
    assert (tmp_path / "empty" / "part").exists()


def test_output_under_a_file_is_found_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(PermissionError, match="not a folder that can be written to"):
        check_output(tmp_path / "file" / "out")
    check_output(tmp_path / "deep" / "out")
    assert not (tmp_path / "deep").exists()


def test_a_folder_that_appears_meanwhile_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def lose_the_race() -> None:
        with new_folder(out):
            out.mkdir()
            (out / "theirs").write_bytes(b"theirs")

    with pytest.raises(UsageError, match="exists already"):
        lose_the_race()
    assert [p.name for p in tmp_path.rglob("*")] == ["out", "theirs"]
