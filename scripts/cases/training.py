"""Cases of training: small texts, resuming, signals, settings that cannot be."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from cases.case import case
from cases.findings import REFUSALS
from cases.processes import TEXTGEN, start
from cases.shared import NETWORK, TWO_STEPS
from cases.small_text import SMALL_TEXT, make_text
from cases.trial import Trial

LONGEST_WAIT = 120.0  # seconds for a moment of a training
FOR_EVER = ("--steps", "1000000", *NETWORK)


@case("17")
def very_small_texts(t: Trial) -> None:
    """A small text is trained on, or it is said what is wanted."""
    sizes = (1, 10, 40, 100, 300)
    files = {str(size): SMALL_TEXT[:size] for size in sizes} | {"same": "a" * 2000}
    for name, text in files.items():
        t.write(f"{name}.txt", text)
    rows = t.program("small_texts", *(f"{name}.txt" for name in files))
    for name in ("100", "300", "same"):
        t.must(rows[f"{name}.txt"]["error"] is None, f"{name}: {rows[f'{name}.txt']['message']}")
    for name, row in rows.items():
        fine = row["error"] in (None, "DataError", "UsageError")
        t.must(fine, f"{name}: {row['error']}: {row['message']}")
        t.must(row["error"] is None or bool(re.search(r"\d", row["message"])), row["message"])
    done = t.textgen("train", "10.txt", "-o", "m", *TWO_STEPS, "-q")
    t.refused(done, codes=(65,), says=r"\d", remedy="--|text")


@case("39")
def going_on(t: Trial) -> None:
    """Other settings are refused, of a complete training too; it is told how to train on."""
    corpus = t.write("small.txt")
    other = t.write("other.txt", make_text(160, seed=3))
    shutil.copytree(t.shared.model, t.folder / "done")
    complete(t, corpus, other)
    unfinished(t, corpus, other)


def complete(t: Trial, corpus: Path, other: Path) -> None:
    """Check what `--resume` says of a complete training."""
    same = ("-o", "done", "--resume")
    plain = t.textgen("train", t.shared.model.parent / "small.txt", *same)
    t.works(plain)
    t.should("--from" in plain.told, f"not told how to train longer: {plain.told!r}")
    wishes: dict[str, tuple[str | Path, ...]] = {
        "--steps": (corpus, *same, "--steps", "40"),
        "--units": (corpus, *same, "--units", "999"),
        "--from": (corpus, *same, "--init-from", t.shared.model),
        "another corpus": (other, *same),
        "no corpus": ("missing.txt", *same),
    }
    for name, arguments in wishes.items():
        done = t.textgen("train", *arguments, "-q")
        t.must(done.code in REFUSALS, f"complete, {name}: is dropped, {done.code}: {done.err!r}")
        t.one_line(done)


def unfinished(t: Trial, corpus: Path, other: Path) -> None:
    """Check what `--resume` says of a training that was interrupted."""
    code, err = interrupted(t, ("train", str(corpus), "-o", "half", *FOR_EVER), "training for")
    t.must(code == 130, f"Ctrl-C: {code}, {err[-200:]!r}")
    same = ("-o", "half", "--resume")
    wishes: dict[str, tuple[tuple[str | Path, ...], str]] = {
        "--steps": ((corpus, *same, "--steps", "40"), "steps"),
        "--units": ((corpus, *same, "--units", "16"), "units"),
        "--from": ((corpus, *same, "--init-from", t.shared.model), "start"),
        "another corpus": ((other, *same), "corpus|text"),
    }
    for name, (arguments, says) in wishes.items():
        done = t.textgen("train", *arguments, "-q", seconds=30)
        if t.must(done.code in REFUSALS, f"unfinished, {name}: is dropped: {done}"):
            t.refused(done, says=says, remedy="--|leave|;")


def wait_for(process: "subprocess.Popen[bytes]", moment: str) -> bytes:
    """Return what a process tells on stderr up to a line with this pattern, or to its end."""
    told = b""
    watchdog = threading.Timer(LONGEST_WAIT, os.killpg, (process.pid, signal.SIGKILL))
    watchdog.start()
    for line in process.stderr or ():
        told += line
        if re.search(moment, line.decode(errors="replace")):
            break
    watchdog.cancel()
    return told


def interrupted(
    t: Trial,
    arguments: tuple[str, ...],
    moment: str,
    *,
    number: int = signal.SIGINT,
    times: int = 1,
) -> tuple[int, str]:
    """Send a signal when a pattern is told on stderr. Return the exit code and stderr."""
    process = start(TEXTGEN, arguments, t.folder, t.shared.environment(t.folder / "home"))
    told = wait_for(process, moment)
    for _ in range(times):
        time.sleep(0.3)
        if process.poll() is None:
            process.send_signal(number)
    try:
        _, rest = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        _, rest = process.communicate()
    return process.returncode, (told + rest).decode(errors="replace")


@case("42")
def signals(t: Trial) -> None:
    """Whenever Ctrl-C comes: one line, 130, nothing broken; `--resume` ends well."""
    t.write("small.txt")
    moments = (
        ("small.txt: ", signal.SIGINT, 1),
        ("loading", signal.SIGINT, 1),
        ("compiling", signal.SIGTERM, 1),
        ("training for", signal.SIGINT, 1),
        ("training for", signal.SIGINT, 2),
    )
    for number, (moment, kind, times) in enumerate(moments):
        arguments = ("train", "small.txt", "-o", f"m{number}", *FOR_EVER)
        code, err = interrupted(t, arguments, moment, number=kind, times=times)
        t.must(code == 128 + kind, f"{moment}: {code}, {err[-200:]!r}")
        t.must("Traceback" not in err, f"{moment}: {err[-300:]!r}")
        told = [line for line in err.splitlines() if line.startswith("textgen: ")]
        t.must(len(told) == 1, f"{moment}: {told}")
        left = [path.name for path in t.folder.iterdir() if path.name.endswith((".tmp", ".part"))]
        t.must(not left, f"{moment}: {left} is left")
    t.works(t.textgen("info", "-m", "m3"))
    ends = ("train", "small.txt", "-o", "m5", "--steps", "1000", *NETWORK)
    code, err = interrupted(t, ends, "training for")
    t.must(code in (0, 130), f"1,000 steps: {code}, {err[-200:]!r}")
    t.works(t.textgen("train", "small.txt", "-o", "m5", "--resume", "-q"))
    t.works(t.textgen("generate", "The", "-n", "3", "-m", "m5"))
    first_moments(t)


def first_moments(t: Trial) -> None:
    """Check that Ctrl-C while Python still imports shows no traceback."""
    for wait in (0.03, 0.06, 0.1):
        environment = t.shared.environment(t.folder / "home")
        process = start(TEXTGEN, ("generate", "The", "-n", "-1"), t.folder, environment)
        time.sleep(wait)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        ours = b"textgen" in err or b"cli" in err
        t.could(b"Traceback" not in err or not ours, f"after {wait} s: {err[-150:]!r}")


@case("43")
def diverging(t: Trial) -> None:
    """A training that diverges stops and tells; an endless limit is none, or refused."""
    t.write("small.txt")
    done = t.textgen(
        "train",
        "small.txt",
        "-o",
        "m",
        "--steps",
        "50",
        *NETWORK,
        "-q",
        "--learning-rate",
        "10000",
        "--clip-norm",
        "1e30",
    )
    t.must(done.code in (0, 2, 3), f"{done}")
    if done.code == 3:
        t.refused(done, codes=(3,), says=r"step \d", remedy="--learning-rate")
    rows = t.program("diverging", "small.txt")
    for name, row in rows.items():
        fine = row["error"] in (None, "UsageError", "TrainingDiverged")
        t.must(fine, f"{name}: {row['error']}: {row['message']}")
        blamed = row["error"] == "TrainingDiverged" and "inf" in name
        t.should(not blamed, f"{name}: is taken, then {row['message']!r}")
        t.must(row["error"] is not None or row["value"], f"{name}: not finite")
    t.must(rows["plain"]["error"] is None, f"plain: {rows['plain']['message']}")


@case("44")
def batches_larger_than_the_text(t: Trial) -> None:
    """What does not fit is fitted, or the option is named."""
    t.write("small.txt", SMALL_TEXT[:300])
    settings = (
        ("--batch-size", "64"),
        ("--batch-size", "4096"),
        ("--window", "512"),
        ("--window", "4096"),
        ("--batch-size", "64", "--window", "64"),
    )
    for options in settings:
        done = t.textgen(
            "train",
            "small.txt",
            "-o",
            "m",
            "--steps",
            "2",
            "--units",
            "4",
            "-q",
            "--overwrite",
            *options,
        )
        if done.code:
            t.refused(done, codes=(2, 65), says=r"\d.*\d", remedy="--batch-size|--window")
    fitted = t.textgen("train", "small.txt", "-o", "d", "--steps", "2", "--units", "4", "-q")
    t.works(fitted)


@case("45")
def two_at_a_time(t: Trial) -> None:
    """Of two trainings in a folder one is told; two in two folders give the same bytes."""
    corpus = t.write("small.txt")
    environment = t.shared.environment(t.folder / "home")
    arguments = ("train", str(corpus), "-o", "m", *FOR_EVER)
    process = start(TEXTGEN, arguments, t.folder, environment)
    try:
        wait_for(process, "loading|training")
        for options in ((), ("--resume",), ("--overwrite",)):
            done = t.textgen(*arguments[:4], *TWO_STEPS, "-q", *options, seconds=30)
            t.refused(done, codes=(75,), says=rf"process {process.pid}\b", remedy="wait|end|;")
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    folders = ("a", "b")
    started = [
        start(TEXTGEN, (*arguments[:3], name, *TWO_STEPS, "-q"), t.folder, environment)
        for name in folders
    ]
    for name, training in zip(folders, started, strict=True):
        _, err = training.communicate(timeout=180)
        t.must(training.returncode == 0, f"{name}: {training.returncode}, {err[-200:]!r}")
    weights = [(t.folder / name / "model.safetensors").read_bytes() for name in folders]
    t.must(weights[0] == weights[1], "two trainings at a time give two models")


@case("46")
def odd_lengths(t: Trial) -> None:
    """A length of nothing, or in odd spelling, is refused with the form."""
    t.write("small.txt")
    budgets = ("0", "0s", "-5m", "5 m", "5min", "10M", "1:30", "abc", "", "inf", "nan", "1e9h")
    for value in budgets:
        done = t.textgen("train", "small.txt", "-o", "m", f"--budget={value}", "-q")
        t.refused(done, codes=(2,), says=r"budget|length", remedy=r"\d+(s|m|h)\b|above|least")
    for option in ("--steps", "--epochs"):
        for value in ("0", "-1", "x", "1.5"):
            done = t.textgen("train", "small.txt", "-o", "m", f"{option}={value}", "-q")
            t.refused(done, codes=(2,), says=option.strip("-"), remedy=r"least|integer|range|valid")
    done = t.textgen("train", "small.txt", "-o", "tiny", "--budget", "0.001s", *NETWORK, "-q")
    t.must(done.code in (0, 2), f"0.001s: {done}")


@case("63")
def too_large_for_the_memory(t: Trial) -> None:
    """A network that the memory cannot hold: one line, and what would fit."""
    t.write("small.txt")
    limit = ("/bin/sh", "-c", 'ulimit -v 9000000; exec "$0" "$@"', sys.executable, "-m", "textgen")
    for options in (("--units", "30000"), ("--units", "60000"), ("--embedding-size", "1048576")):
        arguments = ("train", "small.txt", "-o", "m", "--steps", "2", "-q", *options)
        done = t.limited(limit, arguments)
        t.must(done.code in (2, 65, 74), f"{options[1]}: {done}")
        t.one_line(done)
        t.told(done, "memory|GB|MB", remedy="--units|--embedding-size|--size|--batch-size|smaller")
