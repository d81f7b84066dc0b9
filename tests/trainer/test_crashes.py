"""A training can end at any moment, in any way, and go on as if nothing had happened.

Every process here is a real one: killed, refused by its disk, terminated or raced.
"""

import errno
import hashlib
import os
import random
import time
from pathlib import Path
from typing import Any

import pytest

from tests.zygote import Child, Zygote
from textgen.artifact.model_folder import read_model
from textgen.trainer.checkpoint import Checkpoint
from textgen.trainer.job_folder import CHECKPOINT

STEPS = 300
# Softsign has no loop that XLA compiles, which spares each process a second.
SMALL = (
    *("--units", "8", "--embedding-size", "8", "--batch-size", "4", "--window", "8"),
    *("--activation", "softsign", "--threads", "1", "--save-every", "0.05s"),
    *("--warmup", "0.1", "--validation", "0.05", "--steps", str(STEPS)),
)
DROPOUT = ("--dropout", "0.2")
# A rate at which validation only gets worse: of ten, at every thirtieth step, four take place.
IMPATIENT = (
    *("--patience", "3", "--validation", "0.01", "--validations", "10"),
    *("--schedule", "constant", "--learning-rate", "0.5"),
)
IMPATIENT_STEPS = 120


class Lives:
    """Trainings in one folder, one after the other or at once."""

    def __init__(self, zygote: Zygote, corpus: Path, out: Path, options: tuple[str, ...]) -> None:
        self._zygote = zygote
        self._corpus = corpus
        self.out = out
        self.options = options
        self.log = out.with_name(f"{out.name}.log")

    def begin(self, *flags: str, **order: Any) -> Child:
        """Start a process that trains."""
        command = ("train", self._corpus, "-o", self.out, *self.options, *flags)
        return self._zygote.start(*command, log=str(self.log), **{"report": False} | order)

    def complete(self, *flags: str) -> str:
        """Train to the end; return a hash of the model."""
        child = self.begin(*flags)
        assert child.wait() == 0, child.said
        return self.model()

    def model(self) -> str:
        """Return a hash of the weights of a model that can be read."""
        read_model(self.out)
        assert not (self.out / "training_state").exists()
        return hashlib.sha256((self.out / "model.safetensors").read_bytes()).hexdigest()

    def checkpoints(self) -> list[Checkpoint]:
        """Read everything that bears the name of a checkpoint; return the oldest first."""
        state = self.out / "training_state"
        names = sorted(state.iterdir()) if state.is_dir() else []
        found = [Checkpoint.read(path) for path in names if CHECKPOINT.fullmatch(path.name)]
        return sorted(found, key=lambda checkpoint: checkpoint.progress.steps)

    def steps_since_save(self) -> int:
        """Return how many steps the log names after the last checkpoint."""
        lines = self.log.read_text().split() if self.log.exists() else []
        return next((n for n, line in enumerate(reversed(lines)) if line == "saved"), len(lines))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory, text: str) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "small.txt"
    path.write_text(text[:6000])  # an epoch is 178 steps
    return path


@pytest.fixture
def lives(zygote: Zygote, corpus: Path, tmp_path: Path) -> Any:
    def folder(name: str, *options: str) -> Lives:
        return Lives(zygote, corpus, tmp_path / name, (*SMALL, *options))

    return folder


@pytest.fixture(scope="module")
def unbroken(zygote: Zygote, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return the hash of the model that some options give without a break, made once each."""
    known: dict[tuple[str, ...], str] = {}

    def model(*options: str) -> str:
        if options not in known:
            out = tmp_path_factory.mktemp("unbroken") / "m"
            known[options] = Lives(zygote, corpus, out, (*SMALL, *options)).complete()
        return known[options]

    return model


# Then only the first and the last step are saved, and runs write alike.
SELDOM = ("--save-every", "1h")


def trace_a_run(run: Lives, *, report: bool = False) -> tuple[float, list[list[str]]]:
    """Return the seconds of an unbroken run, and its points and calls as `Faults` writes them."""
    trace = run.out.with_name("trace")
    start = time.monotonic()
    child = run.begin(faults={"folder": str(run.out), "trace": str(trace)}, report=report)
    assert child.wait() == 0, child.said
    seconds = time.monotonic() - start
    return seconds, [line.split("\t") for line in trace.read_text().splitlines()]


# With the loop that XLA compiles, several threads, two layers and dropout everywhere.
FULL = (
    *("--activation", "tanh", "--threads", "2", "--units", "16,8", "--tokenizer", "bpe"),
    *("--vocab-size", "300", "--dropout", "0.2", "--embedding-dropout", "0.1"),
)


@pytest.mark.parametrize(
    ("kills", "options"), [(12, DROPOUT), pytest.param(200, FULL, marks=pytest.mark.slow)]
)
def test_killed_training_ends_with_the_bytes_of_an_unbroken_one(
    lives: Any, unbroken: Any, kills: int, options: tuple[str, ...]
) -> None:
    chance = random.Random(kills)
    expected = unbroken(*options)  # first, for the first process waits for its forebear to load
    seconds, calls = trace_a_run(lives("traced", *options, *SELDOM))
    a_save = next(int(c[0]) for c in calls if c[1] == "rename" and c[3].endswith("history.jsonl"))
    killed = inside = runs = 0
    while killed < kills:
        run = lives(f"run-{runs}", *options)
        lost, code = 0, -1
        while code:
            if killed < kills and 3 * inside <= killed:  # a third inside a save
                where = {"folder": str(run.out), "at": chance.randrange(2 * a_save)}
                child = run.begin("--resume", faults=where)
            else:
                child = run.begin("--resume")
                time.sleep(chance.uniform(0, seconds) if killed < kills else 0)
                if killed < kills:
                    child.kill()
                where = {}
            code = child.wait()
            assert code in (0, -9), child.said
            assert "damaged" not in child.said
            killed += code == -9
            inside += bool(where) and code == -9
            lost += run.steps_since_save() if code else 0
            run.checkpoints()
        assert run.model() == expected
        taken = run.log.read_text().split().count("step")
        assert STEPS <= taken <= STEPS + lost
        runs += 1
    assert killed >= kills
    assert inside >= kills // 3


POINTS: dict[str, tuple[int | str, tuple[str, ...]]] = {
    "without dropout": (50, ()),
    "mid-epoch": (50, DROPOUT),
    "epoch end": (178, DROPOUT),
    "during validation": ("validation 2", DROPOUT),
    "the schedule's turn": (STEPS // 10, DROPOUT),
    "last step": (STEPS, DROPOUT),
    "in patience": ("validation 3", (*DROPOUT, *IMPATIENT)),
}


@pytest.mark.parametrize("point", POINTS)
def test_terminated_training_goes_on_where_it_was(lives: Any, unbroken: Any, point: str) -> None:
    where, options = POINTS[point]
    run = lives("m", *options)
    start = time.monotonic()
    child = run.begin(terminate=where)
    assert child.wait() == 143, child.said
    assert time.monotonic() - start < 30
    assert "--resume" in child.said.splitlines()[-1]
    read_model(run.out)  # the best so far
    progress = run.checkpoints()[-1].progress
    if isinstance(where, int):
        assert progress.steps == where
        assert (progress.window == 178) == (point == "epoch end")
    else:
        assert progress.steps == progress.schedule.validation_steps[int(where.split()[1]) - 1]
        assert progress.measured < progress.steps
    assert (progress.stale > 0) == (point == "in patience")
    assert run.complete("--resume") == unbroken(*options)
    taken = run.log.read_text().split().count("step")
    assert taken == (IMPATIENT_STEPS if point == "in patience" else STEPS)


@pytest.mark.parametrize("faults", [14, pytest.param(50, marks=pytest.mark.slow)])
def test_disk_that_refuses_leaves_the_checkpoint_before(
    lives: Any, unbroken: Any, faults: int
) -> None:
    few = (*DROPOUT, *SELDOM, "--steps", "30")
    _, calls = trace_a_run(lives("traced", *few), report=True)
    ends = [0, *(int(call[0]) for call in calls)]
    for number in range(faults):
        run = lives(f"run-{number}", *few)
        error = (errno.ENOSPC, errno.EIO)[number % 2]
        call = len(calls) * number // faults
        middle = (ends[call] + ends[call + 1]) // 2
        fault = {"folder": str(run.out), "at": middle, "error": error}
        child = run.begin(faults=fault, report=True)
        assert child.wait() == 74, child.said
        assert os.strerror(error) in child.said.splitlines()[-1]
        saved = run.log.exists() and "saved" in run.log.read_text()
        assert bool(run.checkpoints()) >= saved
        if number % 5 == 4:
            assert run.complete("--resume") == unbroken(*few)


@pytest.mark.parametrize("races", [6, pytest.param(100, marks=pytest.mark.slow)])
def test_of_two_trainers_for_one_folder_one_wins(lives: Any, unbroken: Any, races: int) -> None:
    for number in range(races):
        run = lives(f"run-{number}", "--steps", "20")
        flags = [("--resume",), ("--overwrite",), ()][number % 3]
        racers = [run.begin(*flags), run.begin(*flags)]
        codes = [child.wait() for child in racers]
        assert sorted(codes) == [0, 75], [child.said for child in racers]
        assert run.model() == unbroken("--steps", "20")
        said = racers[codes.index(75)].said.splitlines()[-1]
        winner = f"process {racers[codes.index(0)].pid} on "
        # It may not have written down yet who it is.
        assert winner in said or "another process is training in it" in said
        assert [p.name for p in run.out.parent.iterdir() if p.is_dir()].count(run.out.name) == 1


def test_everything_is_on_the_disk_before_it_gets_its_name(lives: Any) -> None:
    """Write, fsync, rename, fsync the folder: in this order, for every file that is written."""
    _, calls = trace_a_run(lives("m", "--steps", "5"), report=True)
    calls = [call[1:] for call in calls]
    synced: set[str] = set()
    named: dict[str, str] = {}
    for kind, path, *target in calls:
        if kind == "write":
            synced.discard(path)
        elif kind == "fsync":
            synced.add(path)
            named = {name: folder for name, folder in named.items() if folder != path}
        elif not Path(target[0]).name.startswith("."):  # else it is on its way out
            assert path in synced
            written = {p for k, p, *_ in calls if k == "write" and Path(p).parent == Path(path)}
            assert written <= synced
            named[target[0]] = str(Path(target[0]).parent)
    assert not named  # the folder of each new name was flushed after the rename
    renamed = {Path(target[0]).name for kind, _, *target in calls if kind == "rename"}
    assert {"step-0", "step-5", "model.safetensors", "manifest.json", "report.html"} <= renamed
