"""Checkpoints come at intervals, and take little of the time however slow the disk is."""

import time
from pathlib import Path

import pytest

from tests.training import make_checkpoint
from textgen.config.training import SAVE_SHARE
from textgen.tokenization.tokenizer import Tokenizer
from textgen.trainer.checkpoint import Checkpoint
from textgen.trainer.checkpoint_schedule import CheckpointSchedule
from textgen.trainer.job_folder import JobFolder


class Clock:
    """A clock that stands still until it is set, and a disk that takes its time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, save_takes: float) -> None:
        self.now = 1000.0
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)
        write = Checkpoint.write

        def slowly(checkpoint: Checkpoint, folder: Path) -> None:
            write(checkpoint, folder)
            self.now += save_takes

        monkeypatch.setattr(Checkpoint, "write", slowly)


def saved_at(
    clock: Clock, checkpoint: Checkpoint, folder: JobFolder | None, every: float, seconds: int
) -> list[float]:
    """Ask once a second whether a checkpoint is due; return when one was written."""
    begin, times = clock.now, []
    saver = CheckpointSchedule(
        folder, every, lambda: checkpoint, lambda step: times.append(clock.now - begin)
    )
    saver.save()
    while clock.now - begin < seconds:
        clock.now += 1
        saver.save_if_due()
    return times


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    folder = JobFolder(tmp_path)
    folder.begin(overwrite=False)
    return folder


def test_checkpoints_keep_their_interval(
    monkeypatch: pytest.MonkeyPatch, char_tokenizer: Tokenizer, folder: JobFolder
) -> None:
    clock = Clock(monkeypatch, save_takes=0.0)
    assert saved_at(clock, make_checkpoint(char_tokenizer), folder, 60, 200) == [0, 60, 120, 180]


def test_slow_disk_gets_no_more_than_its_share(
    monkeypatch: pytest.MonkeyPatch, char_tokenizer: Tokenizer, folder: JobFolder
) -> None:
    clock = Clock(monkeypatch, save_takes=10.0)
    checkpoint = make_checkpoint(char_tokenizer)
    times = saved_at(clock, checkpoint, folder, 60, 2000)
    assert times == pytest.approx([10, 520, 1030, 1540], abs=1)
    assert checkpoint.progress.seconds_saving == 10 * len(times)
    assert checkpoint.progress.seconds_saving / 2000 <= SAVE_SHARE + 0.001


def test_without_a_folder_nothing_is_saved(
    monkeypatch: pytest.MonkeyPatch, char_tokenizer: Tokenizer
) -> None:
    clock = Clock(monkeypatch, save_takes=0.0)
    assert saved_at(clock, make_checkpoint(char_tokenizer), None, 60, 200) == []
