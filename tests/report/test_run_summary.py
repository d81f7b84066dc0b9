"""The story of a run says what its record says, in few words."""

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textgen.artifact.model_folder import read_model
from textgen.artifact.provenance import Provenance, TrainingRecord
from textgen.report.run_status import RunStatus
from textgen.report.run_summary import spread, status_rows, training_rows


@pytest.fixture(scope="module")
def record(trained: Path) -> TrainingRecord:
    training = read_model(trained).provenance.training
    assert training
    return training


@given(st.lists(st.integers(), max_size=60), st.integers(2, 20))
def test_spread_keeps_order_first_and_last_and_even_distances(items: list[int], most: int) -> None:
    positions = spread(range(len(items)), most)
    assert len(positions) == min(len(items), most)
    assert positions[:1] + positions[-1:] == ([0, len(items) - 1] if items else [])
    gaps = {b - a for a, b in pairwise(positions)}
    assert not gaps or (min(gaps) > 0 and max(gaps) - min(gaps) <= 1)


def test_course_is_told_in_few_words(record: TrainingRecord) -> None:
    course = [(30, 2.314), (150, 1.621), (300, 1.4449)]
    told = training_rows(replace(record, course=course, best_step=300))
    assert told["validation"] == "2.31 (step 30) → 1.62 (150) → 1.44 (300), best at 300"
    long = [(1000 * n, 9 - n / 100) for n in range(1, 500)]
    told = training_rows(replace(record, course=long, best_step=499_000))
    assert told["validation"].count("→") == 4
    assert told["validation"].endswith("4.01 (499,000), best at 499,000")


@pytest.mark.parametrize(
    ("resumed", "words"),
    [([7], "at step 7"), ([7, 9], "at step 7 and 9"), ([7, 9, 1200], "at step 7, 9 and 1,200")],
)
def test_resumes_are_counted_out(record: TrainingRecord, resumed: list[int], words: str) -> None:
    assert training_rows(replace(record, resumed=resumed))["resumed"] == words


def test_what_did_not_happen_is_not_told(record: TrainingRecord) -> None:
    told = training_rows(replace(record, resumed=[], init_from=None, seconds_saving=0.0))
    assert not {"resumed", "began with", "checkpoints"} & set(told)


def test_beginning_time_in_checkpoints_and_end_are_told(record: TrainingRecord) -> None:
    begun = {"model": "book", "sha256": "0123456789abcdef"}
    run = replace(record, init_from=begun, ended="no longer improving")
    told = training_rows(replace(run, seconds=100.0, seconds_saving=1.5))
    assert told["began with"] == "the weights of book (SHA-256 0123456789ab...)"
    assert told["checkpoints"] == "1.50s, 1.5% of the time"
    assert told["training"].startswith("no longer improving after 120 of 120 steps, ")


def test_record_of_the_first_models_is_told(record: TrainingRecord) -> None:
    later = ("ended", "seconds_saving", "validation_tokens", "course", "resumed", "init_from")
    values = {k: v for k, v in asdict(record).items() if k not in (*later, "versions")}
    early = Provenance({"training": values}).training
    assert early
    told = training_rows(early)
    assert told["training"].startswith("ended after 120 of 120 steps")
    assert set(told) == {"training", "quality"}


def test_unfinished_run_says_how_far_it_is_and_how_to_go_on() -> None:
    saved = (datetime.now(UTC) - timedelta(seconds=200)).isoformat(timespec="seconds")
    run = RunStatus(None, step=1200, steps=4800, saved=saved, corpus="book.txt")
    told = status_rows(run, Path("my models/book"), diverged=False)
    assert told["unfinished"].startswith("step 1,200 of 4,800 (25%), on book.txt, saved 3m 2")
    assert told["so far"] == "no validation yet"
    assert told["go on"] == "textgen train CORPUS -o 'my models/book' --resume"


def test_nobody_is_told_to_repeat_a_divergence_or_to_disturb_a_trainer() -> None:
    told = status_rows(RunStatus(None), Path("m"), diverged=True)
    assert told["unfinished"] == "no checkpoint yet"
    assert "--resume" not in told["go on"]
    assert "--from m" in told["go on"]
    told = status_rows(RunStatus("process 7 on here"), Path("m"), diverged=False)
    assert told["at work"] == "process 7 on here"
    assert "go on" not in told
