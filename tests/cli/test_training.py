"""`textgen train` as a process: signals, exit codes, the same bytes each time."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run
from tests.seeded_models import TIDEWATER
from tests.training import make_checkpoint
from tests.zygote import Zygote
from textgen.artifact.model_folder import read_model
from textgen.tokenization.tokenizer import Tokenizer
from textgen.trainer.job_folder import JobFolder

TINY = (
    *("--units", "24", "--embedding-size", "8", "--batch-size", "8", "--window", "16"),
    *("--dropout", "0.2", "--tokenizer", "bpe", "--vocab-size", "300", "--threads", "2"),
)


# Softsign has no loop that XLA compiles, which spares each process a second.
QUICK = (*TINY, "--activation", "softsign")


@pytest.fixture
def corpus(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "book.txt"
    path.write_text(text[:6000], encoding="utf-8")
    return path


@pytest.fixture
def start(cache_home: Path) -> Callable[..., "subprocess.Popen[bytes]"]:
    """Start `textgen` without waiting for its end."""

    def textgen(*arguments: Any) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "textgen", *map(str, arguments)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"XDG_CACHE_HOME": str(cache_home)},
        )

    return textgen


def wait_for(path: Path) -> None:
    end = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < end, f"{path} never came"
        time.sleep(0.01)


def last_line(stderr: bytes) -> str:
    """Return the last line, after checking that it is of ours and the only one that is."""
    lines = stderr.decode().splitlines()
    assert [line for line in lines if line.startswith("textgen: ")] == lines[-1:]
    return lines[-1]


def test_signals_end_a_training_that_resume_completes(
    run: Run, zygote: Zygote, corpus: Path, tmp_path: Path
) -> None:
    out = tmp_path / "m"
    command = ("train", corpus, "-o", out, "--steps", 30, *QUICK)
    first = zygote.start(*command)
    wait_for(out / "training_state" / "step-0")
    first.kill(signal.SIGINT)
    second = None
    for child, code in ((first, 130), (second, 143)):
        child = child or zygote.start(*command, "--resume", terminate=9)
        assert child.wait() == code, child.said
        told = last_line(child.said.encode())
        assert "interrupted and saved at step " in told
        assert f"of 30; --resume goes on; {out} holds the best model so far" in told
        assert read_model(out).provenance.values["training"]["ended"] == "interrupted"
    refused = run(*command)
    assert refused.returncode == 2
    assert "--resume" in last_line(refused.stderr)
    done = run(*command, "--resume")
    assert done.returncode == 0, done.stderr
    assert "training for 30 steps, 9 of them done" in done.stderr.decode()
    assert read_model(out).provenance.values["training"]["resumed"][-1] == 9
    again = run(*command, "--resume")
    assert (again.returncode, again.stdout) == (0, b"")
    assert again.stderr.decode() == (
        f"{out}: complete; nothing is left to do; to train on: textgen train CORPUS -o NEW "
        f"--from {out}\n"
    )


def test_same_command_gives_the_same_bytes_in_every_process(
    run: Run, start: Any, corpus: Path, tmp_path: Path
) -> None:
    def command(out: str) -> tuple[Any, ...]:
        return ("train", corpus, "-o", tmp_path / out, "--steps", 60, *TINY, "-q")

    with start(*command("begun")) as begun:
        _, stderr = begun.communicate()
    forked = run(*command("forked"))
    assert (begun.returncode, stderr) == (0, b"")
    assert (forked.returncode, forked.stdout, forked.stderr) == (0, b"", b"")
    one, two = (
        (tmp_path / name / "model.safetensors").read_bytes() for name in ("begun", "forked")
    )
    assert one == two


def test_divergence_exits_3_and_leaves_a_model(run: Run, corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "m"
    wild = ("--optimizer", "sgd", "--learning-rate", "1e30", "--clip-norm", "0")
    done = run("train", corpus, "-o", out, "--steps", 30, *QUICK, *wild)
    assert done.returncode == 3
    told = last_line(done.stderr)
    for part in ("at step 2", "lower --learning-rate", "--clip-norm", "best model so far"):
        assert part in told
    assert run("generate", "-m", out, "-n", 5).returncode == 0


@pytest.mark.parametrize("command", ["prepare", "train"])
def test_terminated_reading_leaves_nothing_half_written(
    start: Any, tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    with start(command, "-", "-o", tmp_path / "out") as reading:
        reading.stdin.write(b"some text\n" * 100_000)  # more than a pipe holds
        reading.stdin.flush()
        assert list(temporary.glob("textgen-*"))
        reading.send_signal(signal.SIGTERM)
        _, stderr = reading.communicate(timeout=60)
    assert reading.returncode == 143
    assert last_line(stderr) == "textgen: interrupted"
    assert list(tmp_path.iterdir()) == [temporary]
    assert not list(temporary.glob("textgen-*"))


def test_other_text_is_bad_data_unless_it_is_allowed(
    run: Run, corpus: Path, tmp_path: Path, char_tokenizer: Tokenizer
) -> None:
    folder = JobFolder(tmp_path / "m")
    folder.begin(overwrite=False)
    settings = {"validation": 0.1, "tokenizer": "char"}
    told = {"name": "book", "settings": settings}
    folder.save(make_checkpoint(char_tokenizer, corpus=told))
    done = run("train", corpus, "-o", folder.path, "--resume")
    assert done.returncode == 65
    assert "book.txt: not the text that the training began with" in last_line(done.stderr)
    assert "--allow-changed-data" in last_line(done.stderr)


def test_folder_of_another_trainer_is_busy(run: Run, corpus: Path, tmp_path: Path) -> None:
    with JobFolder(tmp_path / "m").locked():
        done = run("train", corpus, "-o", tmp_path / "m", "--steps", 5)
    assert done.returncode == 75
    assert f"process {os.getpid()} on " in last_line(done.stderr)


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
from textgen.cli import main
sys.argv = ["textgen", *sys.argv[2:]]
main()
"""


@pytest.mark.parametrize(
    ("limit", "arguments"),
    [
        (4000, ("prepare", TIDEWATER, "-o", "store")),
        (20_000, ("prepare", TIDEWATER, "-o", "store")),
        (20_000, ("generate", "-m", "model", "-n", "30000", "--min-tokens", "30000", "-o", "text")),
    ],
)
def test_disk_that_refuses_leaves_nothing_half_written(
    seeded: Path, tmp_path: Path, limit: int, arguments: Any
) -> None:
    """The kernel refuses files beyond a size, as a full disk would."""
    (tmp_path / "model").symlink_to(seeded)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(limit), *map(str, arguments)],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 74, done.stderr
    assert "File too large" in last_line(done.stderr)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
