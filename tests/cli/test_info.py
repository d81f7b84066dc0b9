"""`textgen info` tells what became of a training, and how far one is, and changes nothing."""

import json
import os
import shutil
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from textgen.artifact.model_folder import read_model
from textgen.cli.main import cli
from textgen.errors import DataError, MissingInput
from textgen.trainer.job_folder import JobFolder
from textgen.trainer.job_status import read_run_status

KEYS = {
    "worker",
    "step",
    "steps",
    "saved",
    "seconds",
    "corpus",
    "best",
    "course",
    "resumed",
    "repeat",
}


def info(folder: Path, *options: str) -> str:
    done = CliRunner().invoke(cli, ["info", "-m", str(folder), *options], catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def rows(folder: Path) -> dict[str, str]:
    """Return what is printed, by the name of the row."""
    lines = [(line[:11].rstrip(), line[12:]) for line in info(folder).splitlines()]
    told = dict(lines)
    assert len(told) == len(lines)
    return told


def as_json(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(info(folder, "--json"))
    return told


@pytest.fixture
def copy(interrupted: Path, tmp_path: Path) -> Path:
    """A copy of the interrupted training, which a test may change."""
    return Path(shutil.copytree(interrupted, tmp_path / "copy"))


@pytest.fixture
def state(copy: Path) -> Path:
    """A folder that holds the state of a training, and no model."""
    for path in copy.iterdir():
        if path.is_file():
            path.unlink()
    return copy


def test_info_tells_the_story_of_a_finished_training(trained: Path) -> None:
    record = read_model(trained).provenance.values["training"]
    told = rows(trained)
    assert told["training"].startswith("complete after 120 of 120 steps, ")
    assert told["training"].endswith(" tokens/s")
    assert told["validation"].endswith(f"(120), best at {record['best_step']}")
    assert told["quality"].startswith(f"{record['validation']['nats_per_token']:.4f} nats per tok")
    assert told["repeat"].startswith(
        "textgen train CORPUS -o NEW --from none --layers 2 --units 48 "
    )
    assert "--steps 120 --seed 1337" in told["repeat"]
    assert "of the time" in told["checkpoints"]
    assert not {"unfinished", "go on", "resumed"} & set(told)
    assert len(told) < 20


def test_json_of_a_finished_training_is_all_of_its_record(trained: Path) -> None:
    told = as_json(trained)
    model = read_model(trained)
    assert told["training"] == json.loads(json.dumps(model.provenance.values["training"]))
    assert told["corpus"]["name"] == "tidewater.txt"
    assert told["config"] == json.loads(json.dumps(model.config.to_dict()))
    assert {"model", "parameters", "tokenizer", "generation"} <= set(told)
    assert "unfinished" not in told


def test_info_tells_of_the_model_and_of_the_state_of_an_interrupted_run(interrupted: Path) -> None:
    told = rows(interrupted)
    assert told["training"].startswith("interrupted after 45 of 60 steps, ")
    assert told["validation"].endswith("(45), best at 45")  # measured when all was saved
    assert told["unfinished"].startswith("step 45 of 60 (75%), on tidewater.txt, saved ")
    assert told["so far"].endswith("(step 30), best at 30")
    assert told["go on"] == f"textgen train CORPUS -o {interrupted} --resume"
    assert "--steps 60 --seed 1337" in told["repeat"]
    both = as_json(interrupted)
    assert both["training"]["ended"] == "interrupted"
    assert set(both["unfinished"]) == KEYS


def test_state_without_a_model_is_told(state: Path) -> None:
    told = rows(state)
    assert set(told) == {"model", "unfinished", "so far", "go on", "repeat"}
    everything = as_json(state)
    assert set(everything) == {"model", "unfinished"}
    unfinished = everything["unfinished"]
    assert (unfinished["step"], unfinished["steps"]) == (45, 60)
    assert unfinished["corpus"] == "tidewater.txt"
    assert unfinished["best"]["step"] == unfinished["course"][-1][0] == 30
    assert unfinished["best"]["nats_per_token"] == unfinished["course"][-1][1]
    assert unfinished["worker"] is None
    age = datetime.now(UTC) - datetime.fromisoformat(unfinished["saved"])
    assert timedelta(0) <= age < timedelta(hours=1)


def test_trainer_at_work_is_named(state: Path) -> None:
    with JobFolder(state).locked():
        here = f"process {os.getpid()} on {socket.gethostname()}"
        assert rows(state)["at work"] == here
        assert as_json(state)["unfinished"]["worker"] == here
    assert "at work" not in rows(state)


def test_lock_of_a_process_that_died_is_no_trainer(state: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as died:
        pass
    lock = state.parent / f".{state.name}.lock"
    lock.write_text(f"process {died.pid} on {socket.gethostname()}")
    assert "at work" not in rows(state)
    lock.write_text(f"process {died.pid} on another machine")  # who knows
    assert rows(state)["at work"] == f"process {died.pid} on another machine"


def test_info_waits_for_no_lock_and_takes_none(state: Path) -> None:
    with JobFolder(state).locked():
        info(state)
        info(state)
    with JobFolder(state).locked():  # it is free
        pass


def test_training_without_a_checkpoint_is_told(state: Path) -> None:
    shutil.rmtree(state / "training_state")
    (state / "training_state").mkdir()
    assert rows(state)["unfinished"] == "no checkpoint yet"
    assert as_json(state)["unfinished"]["steps"] is None


@pytest.mark.parametrize("content", [None, b"", b"[]", b"{}", b'{"progress": {"best": 1}}'])
def test_damaged_checkpoint_is_passed_over_and_left_where_it_is(
    state: Path, content: bytes | None
) -> None:
    folder = state / "training_state"
    (folder / "step-50").mkdir()
    if content is not None:
        (folder / "step-50" / "checkpoint.json").write_bytes(content)
    before = sorted(folder.rglob("*"))
    assert rows(state)["unfinished"].startswith("step 45 of 60")
    assert sorted(folder.rglob("*")) == before


def test_checkpoint_that_is_pruned_meanwhile_is_passed_over(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = state / "training_state" / "step-50"
    listed = JobFolder(state).checkpoints()
    monkeypatch.setattr(JobFolder, "checkpoints", lambda _: [*listed, gone])
    found = read_run_status(state)
    assert found is not None
    assert found.step == 45


def test_way_on_of_a_diverged_run_is_no_repetition(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    manifest["training"]["ended"] = "diverged"
    (copy / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    told = rows(copy)
    assert told["training"].startswith("diverged after 45 of 60 steps")
    assert "--from" in told["go on"]
    assert "--resume" not in told["go on"]


@pytest.mark.parametrize(
    "damage",
    [
        {"course": 3},
        {"course": [[1, "x"]]},
        {"resumed": [None]},
        {"init_from": {"model": "x"}},
        {"best_step": "x"},
    ],
)
def test_damaged_story_is_bad_data(copy: Path, damage: dict[str, Any]) -> None:
    manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    manifest["training"] |= damage
    (copy / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(DataError, match="damaged record of training"):
        info(copy)


def test_folder_is_found_from_within(interrupted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(interrupted)
    assert rows(Path("."))["unfinished"].startswith("step 45 of 60")


def test_folder_with_neither_model_nor_training_is_missing_input(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(MissingInput):
            info(folder)


def test_card_says_how_a_training_ended_unless_it_is_complete(
    trained: Path, interrupted: Path
) -> None:
    told = (interrupted / "README.md").read_text(encoding="utf-8")
    assert "- Training: 45 steps, " in told
    assert "(interrupted)\n" in told
    assert "(complete)" not in (trained / "README.md").read_text(encoding="utf-8")
