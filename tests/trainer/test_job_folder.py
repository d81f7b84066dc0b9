"""The folder of a run: one trainer at a time, the last two checkpoints, nothing foreign touched."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.training import make_checkpoint
from textgen.artifact.model_folder import Model
from textgen.errors import Busy, UsageError
from textgen.tokenization.tokenizer import Tokenizer
from textgen.trainer.checkpoint import ARRAYS
from textgen.trainer.job_folder import JobFolder

HOLD = """
import sys, time
from pathlib import Path
from textgen.trainer.job_folder import JobFolder
with JobFolder(Path(sys.argv[1])).locked():
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    folder = JobFolder(tmp_path / "m")
    folder.begin(overwrite=False)
    return folder


def names(folder: JobFolder) -> list[str]:
    return sorted(path.name for path in (folder.path / "training_state").iterdir())


def save(folder: JobFolder, tokenizer: Tokenizer, *steps: int) -> None:
    for step in steps:
        folder.save(make_checkpoint(tokenizer, step))


def damage(folder: JobFolder, name: str) -> None:
    path = folder.path / "training_state" / name / ARRAYS
    path.write_bytes(path.read_bytes()[:-1])


def test_last_two_checkpoints_are_kept_and_the_newest_is_taken(
    folder: JobFolder, char_tokenizer: Tokenizer
) -> None:
    save(folder, char_tokenizer, 0, 7, 9, 10)
    assert names(folder) == ["step-10", "step-9"]
    path, checkpoint = folder.latest() or pytest.fail("no checkpoint")
    assert path.name == "step-10"
    assert checkpoint.progress.steps == 10
    assert (folder.path / "history.jsonl").read_bytes() == checkpoint.progress.history.to_jsonl()


def test_name_that_is_taken_is_left_alone(folder: JobFolder, char_tokenizer: Tokenizer) -> None:
    save(folder, char_tokenizer, 9, 9)
    assert names(folder) == ["step-9", "step-9-2"]
    save(folder, char_tokenizer, 9)
    assert names(folder) == ["step-9-2", "step-9-3"]
    path, _ = folder.latest() or pytest.fail("no checkpoint")
    assert path.name == "step-9-3"


def test_damaged_checkpoint_is_logged_and_put_aside_and_the_one_before_taken(
    folder: JobFolder, char_tokenizer: Tokenizer, caplog: pytest.LogCaptureFixture
) -> None:
    save(folder, char_tokenizer, 7, 9)
    damage(folder, "step-9")
    path, checkpoint = folder.latest() or pytest.fail("no checkpoint")
    assert (path.name, checkpoint.progress.steps) == ("step-7", 7)
    (message,) = caplog.messages
    assert "damaged checkpoint is passed over" in message
    assert f"step-9/{ARRAYS}" in message
    aside, kept = names(folder)
    assert aside.startswith("damaged-step-9-")
    assert kept == "step-7"
    save(folder, char_tokenizer, 9, 11)
    assert names(folder) == [aside, "step-11", "step-9"]


def test_where_all_checkpoints_are_damaged_there_is_none(
    folder: JobFolder, char_tokenizer: Tokenizer, caplog: pytest.LogCaptureFixture
) -> None:
    save(folder, char_tokenizer, 7, 9)
    for name in names(folder):
        damage(folder, name)
    assert folder.latest() is None
    assert len(caplog.messages) == 2
    assert JobFolder(folder.path.with_name("nothing")).latest() is None


def test_leftovers_of_killed_writers_are_swept(
    folder: JobFolder, char_tokenizer: Tokenizer, model: Model
) -> None:
    def leave() -> None:
        (folder.path / ".history.jsonl.0123abcd").write_bytes(b"{")
        (folder.path / ".training_state.89abcdef" / "step-1").mkdir(parents=True)

    save(folder, char_tokenizer, 7)
    leave()
    (folder.path / "training_state" / ".step-9.0123abcd").mkdir()
    (folder.path / "training_state" / ".step-9.0123abcd" / ARRAYS).write_bytes(b"half")
    assert folder.latest()
    assert sorted(os.listdir(folder.path)) == ["history.jsonl", "training_state"]
    assert names(folder) == ["step-7"]
    folder.add(model)
    folder.finish()
    leave()  # as a kill within `finish` does
    assert folder.latest() is None
    assert not [path for path in folder.path.iterdir() if path.name.startswith(".")]


def test_one_trainer_at_a_time(folder: JobFolder) -> None:
    lock = folder.path.with_name(".m.lock")
    with folder.locked():
        assert lock.exists()
        with pytest.raises(Busy, match=f"m: process {os.getpid()} on .* choose another") as caught:
            JobFolder(folder.path).locked().__enter__()
        assert caught.value.exit_code == 75
        with JobFolder(folder.path.with_name("other")).locked():
            pass
    assert not lock.exists()
    with pytest.raises(ZeroDivisionError), folder.locked():
        raise ZeroDivisionError
    assert not lock.exists()


def test_lock_holds_while_the_folder_is_moved_aside(folder: JobFolder) -> None:
    with folder.locked():
        folder.begin(overwrite=True)
        assert folder.path.with_name("m.old").exists()
        with pytest.raises(Busy):
            JobFolder(folder.path).locked().__enter__()


def test_lock_of_a_dead_process_is_no_lock(folder: JobFolder) -> None:
    command = [sys.executable, "-c", HOLD, str(folder.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(Busy, match=f"process {process.pid} on "):
            folder.locked().__enter__()
        process.send_signal(signal.SIGKILL)
    assert folder.path.with_name(".m.lock").exists()
    with folder.locked():
        pass


def test_unfinished_training_is_refused_with_the_ways_on(folder: JobFolder) -> None:
    with pytest.raises(UsageError, match=r"not finished; go on .* resume=True, .*overwrite=True"):
        folder.refuse_anything()


def test_folder_with_anything_foreign_is_never_begun(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "file").write_bytes(b"mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    (tmp_path / "m" / "thesis.txt").write_bytes(b"mine")
    for name in ("m", "file", "link"):
        folder = JobFolder(tmp_path / name)
        for refuse in (folder.refuse_anything, lambda: folder.begin(overwrite=False)):  # noqa: B023
            with pytest.raises(UsageError, match="exists already"):
                refuse()
    assert sorted(os.listdir(tmp_path)) == ["file", "link", "m"]
    assert os.listdir(tmp_path / "m") == ["thesis.txt"]


def test_empty_folder_may_be_begun(tmp_path: Path) -> None:
    empty = JobFolder(tmp_path)
    empty.refuse_anything()
    empty.begin(overwrite=False)
    assert names(empty) == []
    assert empty.is_begun


def test_training_that_never_came_to_a_checkpoint_leaves_what_was_there(
    folder: JobFolder, char_tokenizer: Tokenizer
) -> None:
    save(folder, char_tokenizer, 7)
    new = JobFolder(folder.path)
    with new.locked():
        new.begin(overwrite=True)
        assert names(new) == []
    assert names(folder) == ["step-7"]
    assert os.listdir(folder.path.parent) == ["m"]
    with new.locked():
        new.begin(overwrite=True)
        save(new, char_tokenizer, 0)
    assert names(new) == ["step-0"]
    assert sorted(os.listdir(folder.path.parent)) == ["m", "m.old"]


def test_overwriting_moves_all_of_it_aside(
    folder: JobFolder, char_tokenizer: Tokenizer, model: Model
) -> None:
    save(folder, char_tokenizer, 7)
    folder.add(model)
    before = sorted(os.listdir(folder.path))
    folder.begin(overwrite=True)
    assert os.listdir(folder.path) == ["training_state"]
    assert names(folder) == []
    assert sorted(os.listdir(folder.path.with_name("m.old"))) == before


def test_finished_run_is_a_model_and_nothing_else(
    folder: JobFolder, char_tokenizer: Tokenizer, model: Model
) -> None:
    save(folder, char_tokenizer, 7)
    folder.add(model)
    assert (folder.is_begun, folder.is_model) == (True, True)
    folder.finish()
    assert (folder.is_begun, folder.is_model) == (False, True)
    assert sorted(os.listdir(folder.path)) == [
        "README.md",
        "config.json",
        "generation_config.json",
        "history.jsonl",
        "manifest.json",
        "model.safetensors",
        "tokenizer.json",
    ]
