"""Cases of where things lie: links, locks, caches, outputs."""

import os
import re
import shutil
import signal
import time
from pathlib import Path

from cases.case import case
from cases.findings import REFUSALS
from cases.processes import TEXTGEN, Done, start
from cases.shared import TWO_STEPS
from cases.small_text import make_text
from cases.trial import Trial


@case("21")
def folder_of_links(t: Trial) -> None:
    """A folder as the hub's cache holds it loads, or it is told how to get plain files."""
    snapshot, blobs = t.folder / "snapshots" / "1a2b", t.folder / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    for file in t.shared.model.iterdir():
        if file.is_file():
            shutil.copyfile(file, blobs / f"{file.name}.blob")
            (snapshot / file.name).symlink_to(f"../../blobs/{file.name}.blob")
    corpus = t.write("small.txt")
    commands: list[tuple[str | Path, ...]] = [
        ("generate", "The", "-n", "3", "-m", snapshot),
        ("info", "-m", snapshot),
        ("train", corpus, "-o", "m", *TWO_STEPS[:2], "-q", "--from", snapshot),
    ]
    for arguments in commands:
        done = t.textgen(*arguments)
        if done.code:
            t.one_line(done)
            t.should("link" in done.message and "cp -rL" in done.message, f"no way out: {done}")
    shutil.copytree(snapshot, t.folder / "plain")
    t.works(t.textgen("generate", "The", "-n", "3", "-m", "plain"))
    inside = t.folder / "plain" / "model.safetensors"
    done = t.textgen("generate", "The", "-n", "3", "-m", inside)
    t.refused(done, codes=(2, 66), says="folder")
    t.should(f"-o {inside}" not in done.message, f"a remedy that is none: {done}")


# Locks


SITE = """
import errno, fcntl, os
def refuse(*arguments):
    raise OSError(errno.{code}, os.strerror(errno.{code}))
fcntl.flock = fcntl.lockf = refuse
"""


@case("22")
def disks_without_locks(t: Trial) -> None:
    """Where locks are missing it works and says so, or there is a remedy; a dead one is none."""
    corpus = t.write("small.txt")
    for code in ("ENOLCK", "ENOSYS", "none", "ENOSYS"):  # what is left must be in nobody's way
        site = "" if code == "none" else SITE.format(code=code)
        env = {"PYTHONPATH": str(t.write(f"{code}/sitecustomize.py", site).parent)}
        done = t.textgen("prepare", corpus, "-o", "o1", "--overwrite", env=env, seconds=40)
        works_or_tells(t, code, done)
    killed_then_resumed(t, corpus, str(t.folder / "ENOSYS"))


def works_or_tells(t: Trial, what: str, done: Done) -> None:
    """Check that a command works, or says which file it is about and what to do."""
    t.must("UserWarning" not in done.err, f"{what}: a bare warning of Python: {done.err[-200:]!r}")
    if done.code:
        t.one_line(done)
        t.must(".lock" in done.message or "o1" in done.message, f"{what}: no file: {done}")
        helps = re.search("remove|delete|disk|another|mount", done.message)
        t.must(bool(helps), f"{what}: no remedy: {done}")


def killed_then_resumed(t: Trial, corpus: Path, path: str) -> None:
    """Check that the lock of a killed training is none, where locks are missing."""
    arguments = ("train", str(corpus), "-o", "m", "--steps", "100000", *TWO_STEPS[2:])
    environment = t.shared.environment(t.folder / "home") | {"PYTHONPATH": path}
    process = start(TEXTGEN, arguments, t.folder, environment)
    deadline = time.monotonic() + 60
    while not list(t.folder.glob("m/history.jsonl")) and time.monotonic() < deadline:
        if process.poll() is not None:
            break
        time.sleep(0.2)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    t.must(process.returncode == -signal.SIGKILL, f"the training ended with {process.returncode}")
    again = ("train", str(corpus), "-o", "m", "--overwrite", *TWO_STEPS, "-q")
    done = t.textgen(*again, env={"PYTHONPATH": path}, seconds=60)
    t.must(done.code == 0, f"after a kill: {done}")


# Home and caches


@case("23")
def no_home(t: Trial) -> None:
    """Where the home folder cannot be written to it works, or the variable is named."""
    corpus = t.write("small.txt")
    commands: list[tuple[str | Path, ...]] = [
        ("generate", "The", "-n", "3", "-q"),
        ("evaluate", corpus),
        ("prepare", corpus, "-o", "store"),
        ("corpora", "report", corpus),
        ("train", corpus, "-o", "m", *TWO_STEPS, "-q"),
    ]
    for arguments in commands:
        done = t.textgen(*arguments, env={"HOME": "/proc/self/none", "XDG_CACHE_HOME": ""})
        if done.code:
            t.one_line(done)
            named = "XDG_CACHE_HOME" in done.message
            t.should(named, f"does not say that it is the cache, nor the variable: {done}")
            t.should(done.code != 66, f"no input is missing: {done}")
    t.works(t.textgen("prepare", corpus, "-o", "store2", env={"TMPDIR": "/nonexistent"}))


# Outputs


@case("41b")
def odd_outputs(t: Trial) -> None:
    """An output may be the present folder; the root and the empty name are refused in a line."""
    corpus = t.write("small.txt")
    commands: dict[str, tuple[str, ...]] = {
        ".": ("prepare", str(corpus), "-o", "."),
        "./": ("prepare", str(corpus), "-o", "./"),
        "'' of prepare": ("prepare", str(corpus), "-o", ""),
        "/ of prepare": ("prepare", str(corpus), "-o", "/"),
        "'' of train": ("train", str(corpus), "-o", "", *TWO_STEPS, "-q"),
        ". of train": ("train", str(corpus), "-o", ".", "--overwrite", *TWO_STEPS, "-q"),
        "/ of train": ("train", str(corpus), "-o", "/", *TWO_STEPS, "-q"),
        ". of a report": ("corpora", "report", str(corpus), "--html", "."),
        "'' of a report": ("corpora", "report", str(corpus), "--html", ""),
    }
    for number, (name, arguments) in enumerate(commands.items()):
        empty = t.folder / f"empty{number}"
        empty.mkdir()
        done = t.textgen(*arguments, cwd=empty)
        t.one_line(done)
        t.must(done.code in (0, 2, 74), f"{name}: {done}")
        t.must(done.code == 0 or ": no such file" not in done.message, f"{name}: misleads: {done}")
    home = {"HOME": str(t.folder / "home")}
    (t.folder / "home").mkdir(exist_ok=True)
    done = t.textgen("prepare", corpus, "-o", "~/m", env=home)
    t.one_line(done)
    t.must(not (t.folder / "~").exists(), "a folder named ~ is made")
    rows = t.program("home", str(corpus), env=home)
    for name, row in rows.items():
        t.must(row["error"] in (None, "UsageError"), f"{name}: {row['error']}: {row['message']}")
    t.must(not (t.folder / "~").exists(), "Python: a folder named ~ is made")


@case("61")
def output_is_input(t: Trial) -> None:
    """An output that is an input is refused; what `--overwrite` moves is told."""
    text = make_text(160, seed=2)
    corpus, folder = t.write("in.txt", text), t.write("fol/a.txt", text).parent
    done = t.textgen("train", "in.txt", "-o", "in.txt", "--overwrite", *TWO_STEPS, "-q")
    t.should(done.code in REFUSALS, f"the corpus is replaced: {done}")
    t.should(corpus.is_file() and corpus.read_text() == text, "the corpus is not where it was")
    t.one_line(done)
    done = t.textgen("prepare", "fol", "-o", "fol", "--overwrite")
    t.should(done.code in REFUSALS, f"the folder is replaced: {done}")
    t.should((folder / "a.txt").is_file(), "the folder's text is not where it was")
    t.one_line(done)
    t.write("other.txt", text)
    t.works(t.textgen("prepare", "other.txt", "-o", "store"))
    done = t.textgen("prepare", "other.txt", "-o", "store", "--overwrite", "--tokenizer", "byte")
    t.works(done)
    t.should("store.old" in done.err, f"not told that it was moved: {done.err!r}")
