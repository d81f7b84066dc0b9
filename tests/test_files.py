"""What stood at an output before is there, whole, whatever happens."""

import itertools
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from textgen.errors import DataError, UsageError
from textgen.files import (
    check_output,
    make_folder,
    new_folder,
    refuse_existing,
    remove_folder,
    sweep,
    write_file,
    write_together,
)
from textgen.json_files import LARGEST_JSON, read_json, to_json


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


NAMES = ("a", "b", "last")


class Faults:
    """Lets one of the calls that write to a disk fail, and looks at the folder before each.

    Args:
        at: which of them fails, from 0; none if there are fewer.
        look: is called before each.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int, look: Callable[[], None]) -> None:
        self.calls: list[str] = []
        self._at, self._look = at, look
        for name in ("fsync", "rename", "unlink"):
            monkeypatch.setattr(os, name, self._watch(name, getattr(os, name)))

    def _watch(self, name: str, act: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any, **options: Any) -> Any:
            self._look()
            self.calls.append(name)
            if len(self.calls) - 1 == self._at:
                raise OSError(28, "No space left on device")
            return act(*arguments, **options)

        return watched


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def of_a_generation(number: int) -> dict[str, bytes]:
    return {name: f"generation {number}".encode() for name in NAMES}


def test_files_that_belong_together_stand_together_whatever_fails(tmp_path: Path) -> None:
    """At every call of the disk: a kill before it is as harmless as its failure."""

    def is_sound() -> None:
        found = {k: v for k, v in contents(folder).items() if k in NAMES}
        if "last" in found:
            assert found in (of_a_generation(1), of_a_generation(2))

    outcomes = []
    for at in itertools.count():
        folder = tmp_path / str(at)
        folder.mkdir()
        write_together(folder, of_a_generation(1))
        (folder / "other").write_bytes(b"other")
        with pytest.MonkeyPatch.context() as monkeypatch:
            faults = Faults(monkeypatch, at, is_sound)
            failed = False
            try:
                write_together(folder, of_a_generation(2))
            except OSError:
                failed = True
        is_sound()
        outcomes.append(contents(folder))
        assert set(outcomes[-1]) <= {*NAMES, "other"}  # nothing is left aside
        assert outcomes[-1]["other"] == b"other"
        if not failed:
            break
    first = faults.calls.index("unlink")
    assert faults.calls[:first] == ["fsync"] * len(NAMES)
    old = of_a_generation(1) | {"other": b"other"}
    assert outcomes[: first + 1] == [old] * (first + 1)  # until all was on the disk
    assert outcomes[-1] == of_a_generation(2) | {"other": b"other"}
    assert faults.calls.count("rename") == len(NAMES)


def test_last_name_is_gone_on_the_disk_before_another_file_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_together(tmp_path, of_a_generation(1))
    faults = Faults(monkeypatch, -1, lambda: None)
    write_together(tmp_path, of_a_generation(2))
    assert faults.calls == [
        "fsync",
        "fsync",
        "fsync",
        "unlink",
        "fsync",
        "rename",
        "rename",
        "fsync",
        "rename",
        "fsync",
    ]


def test_only_what_killed_writers_left_is_swept(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_bytes(b"mine")
    folder = tmp_path / "folder"
    (folder / ".model.0123abcd" / "deep").mkdir(parents=True)
    (folder / ".file.89abcdef").write_bytes(b"half")
    (folder / ".link.00000000").symlink_to(kept)
    mine = ["file", ".hidden", ".file.0123abcg", ".file.0123abcd9", "file.0123abcd", ".0123abcd"]
    for name in mine:
        (folder / name).write_bytes(b"mine")
    sweep(folder)
    assert sorted(os.listdir(folder)) == sorted(mine)
    assert (kept / "file").read_bytes() == b"mine"


def test_whatever_a_writer_leaves_when_it_is_killed_is_swept(tmp_path: Path) -> None:
    def work(folder: Path) -> None:
        write_file(folder / "file", b"data")
        write_together(folder, of_a_generation(1))
        with new_folder(folder / "new") as aside:
            (aside / "part").write_bytes(b"part")
        remove_folder(folder / "new")

    left: set[str] = set()
    with pytest.MonkeyPatch.context() as monkeypatch:
        Faults(monkeypatch, -1, lambda: left.update(os.listdir(tmp_path)))
        work(tmp_path)
    kept = {"file", *NAMES, "new"}
    assert len(left - kept) == 6  # each file's, and that of `new` when it comes and when it goes
    for name in left:
        (tmp_path / name).touch()
    sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == kept


def test_no_part_of_a_removed_folder_stands_at_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path) -> None:
        raise OSError(5, "Input/output error")

    (tmp_path / "folder" / "deep").mkdir(parents=True)
    with monkeypatch.context() as context:
        context.setattr(shutil, "rmtree", fail)
        with pytest.raises(OSError, match="Input/output"):
            remove_folder(tmp_path / "folder")
    assert not (tmp_path / "folder").exists()
    sweep(tmp_path)
    assert os.listdir(tmp_path) == []


def test_folder_is_made_with_those_above_it_and_their_names_are_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = Faults(monkeypatch, -1, lambda: None)
    make_folder(tmp_path / "one" / "two" / "three")
    assert (tmp_path / "one" / "two" / "three").is_dir()
    assert faults.calls == ["fsync"] * 3
    make_folder(tmp_path / "one" / "two")
    assert faults.calls == ["fsync"] * 3
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileExistsError):
        make_folder(tmp_path / "file")


def test_json_comes_back_and_nothing_else_is_taken_for_it(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    value = {"a": [1, 0.1, None, True], "é": {}}
    path.write_bytes(to_json(value))
    assert read_json(path) == value
    for data, what in [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'"\xff"', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[1]", "not a JSON object"),
        (b" " * (LARGEST_JSON + 1), "larger than"),
    ]:
        path.write_bytes(data)
        with pytest.raises(DataError, match=what) as caught:
            read_json(path)
        assert str(path) in str(caught.value)
