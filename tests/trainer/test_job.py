"""A training and its folder: what is refused, how it ends, what its weights depend on."""

import os
import re
import resource
from pathlib import Path
from typing import Any

import pytest

from tests.training import TINY, record, state_of
from textgen import TextGenerator
from textgen.artifact.model_folder import read_model
from textgen.config.training import TrainingConfig
from textgen.errors import Busy, DataError, MissingInput, TrainingDiverged, UsageError
from textgen.trainer.job_folder import JobFolder

pytestmark = pytest.mark.usefixtures("no_report")


def test_nothing_is_trained_into_a_folder_without_a_flag(
    small_text: Path, whole: Path, unfinished: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    refused = {
        whole: "exists already",
        unfinished: "resume=True",
        tmp_path / "mine": "exists already",
    }
    for folder, told in refused.items():
        before = state_of(folder)
        with pytest.raises(UsageError, match=told):
            TextGenerator.train(small_text, out=folder, **TINY)
        assert state_of(folder) == before
    with pytest.raises(UsageError, match="exists already"):
        TextGenerator.train(small_text, out=tmp_path / "mine", resume=True, **TINY)


def test_overwrite_moves_the_old_model_aside_when_the_new_training_begins_and_not_before(
    small_text: Path, whole: Path, tmp_path: Path
) -> None:
    (tmp_path / "short.txt").write_text("too short")
    before = state_of(whole)
    with pytest.raises(DataError, match="too short"):
        TextGenerator.train(tmp_path / "short.txt", out=whole, overwrite=True, **TINY)
    with pytest.raises(MissingInput):
        TextGenerator.train(tmp_path / "none.txt", out=whole, overwrite=True, **TINY)
    assert state_of(whole) == before
    TextGenerator.train(small_text, out=whole, overwrite=True, **TINY | {"steps": 2})
    assert record(whole)["steps"] == 2
    assert state_of(tmp_path / "whole.old") == before
    assert {path.name for path in tmp_path.iterdir()} == {"whole", "whole.old", "short.txt"}


def test_disk_that_refuses_the_first_checkpoint_leaves_the_old_model(
    small_text: Path, whole: Path, tmp_path: Path
) -> None:
    """The kernel refuses files beyond a size, as a full disk would."""
    before = state_of(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            TextGenerator.train(small_text, out=whole, overwrite=True, **TINY)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert state_of(tmp_path) == before


def test_folder_of_another_trainer_is_busy(small_text: Path, unfinished: Path) -> None:
    with JobFolder(unfinished).locked(), pytest.raises(Busy, match=f"process {os.getpid()} on "):
        TextGenerator.train(small_text, out=unfinished, resume=True)


def test_patience_ends_the_training_and_the_record_says_so(
    small_text: Path, tmp_path: Path
) -> None:
    standing_still = {"steps": 200, "learning_rate": 1e-12, "patience": 2}
    TextGenerator.train(small_text, out=tmp_path / "m", **TINY | standing_still)
    told = record(tmp_path / "m")
    assert told["ended"] == "no longer improving"
    assert told["steps_done"] < told["steps"] == 200
    after = [step for step, _ in told["course"] if step > told["best_step"]]
    assert len(after) == 2
    assert not (tmp_path / "m" / "training_state").exists()  # complete, in its way


def test_settings_left_open_fit_the_text_and_a_preset_comes_before_them(
    small_text: Path, tmp_path: Path
) -> None:
    chosen: dict[str, Any] = {"steps": 1, "units": (8,), "embedding_size": 8}
    TextGenerator.train(small_text, out=tmp_path / "fit", **chosen)
    assert read_model(tmp_path / "fit").config.units == (8,)
    assert record(tmp_path / "fit")["settings"]["batch_size"] == 10  # of 5,400 tokens
    chosen |= {"preset": "english", "batch_size": 2}
    for resume in (False, True):
        TextGenerator.train(small_text, out=tmp_path / "set", resume=resume, **chosen)
    settings = record(tmp_path / "set")["settings"]
    assert (settings["learning_rate"], settings["schedule"], settings["steps"]) == (
        3e-3,
        "constant",
        1,
    )
    with pytest.raises(UsageError, match="preset is 'none'"):
        TextGenerator.train(small_text, out=tmp_path / "n", preset="none")


def test_divergence_leaves_a_model_and_says_which(small_text: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingDiverged) as caught:
        TextGenerator.train(
            small_text, out=tmp_path / "m", optimizer="sgd", learning_rate=1e38, **TINY
        )
    # It is the processor's whether that overflows to inf or nan, and at step 1 already.
    told = r"the loss is (inf|nan) at step 2; try a lower learning_rate .*; "
    kept = re.escape(str(tmp_path / "m")) + r" holds the best model so far \(step [01]\)"
    assert re.fullmatch(told + kept, str(caught.value))
    assert record(tmp_path / "m")["ended"] == "diverged"
    TextGenerator.from_pretrained(tmp_path / "m").generate("The", max_new_tokens=5)


def test_number_of_threads_is_recorded_and_one_process_has_but_one(
    small_text: Path, whole: Path, tmp_path: Path
) -> None:
    present = record(whole)["settings"]["threads"]
    assert present == TrainingConfig().cores
    with pytest.raises(UsageError) as caught:
        TextGenerator.train(small_text, out=tmp_path / "m", threads=present + 1, **TINY)
    assert str(caught.value) == (
        f"TensorFlow computes with {present} threads in this process, and {present + 1} are "
        f"wanted; begin a new process"
    )
    assert not (tmp_path / "m").exists()
