"""One process at a time in a folder, also where the file system has no locks, and after a kill."""

import errno
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.conftest import Run, environment
from textgen.errors import Busy
from textgen.folder_lock import FolderLock
from textgen.trainer.job_folder import JobFolder

WITHOUT = Path(__file__).parent / "no_locks"
# What `flock` says where there is no such thing.
MISSING = ("ENOLCK", "ENOSYS", "EOPNOTSUPP")
HOLD = """
import sys, time
from pathlib import Path
from textgen.trainer.job_folder import JobFolder
with JobFolder(Path(sys.argv[1])).locked():
    print("held", flush=True)
    time.sleep(600)
"""
# Older ones leave that file empty, and the error asks a person to remove it after a kill.
names_owners = pytest.mark.skipif(
    tuple(map(int, version("filelock").split(".")[:2])) < (4, 0),
    reason="needs filelock 4.0 or later, which writes the owner into its file",
)
BOTH = [(first, second) for first in (None, *MISSING) for second in (None, "ENOLCK")]


def without_locks(error: str | None) -> Mapping[str, str]:
    """Return the variables of a process that sees no locks, or of one that does."""
    if error is None:
        return {}
    return {"PYTHONPATH": str(WITHOUT), "NO_LOCKS": str(getattr(errno, error))}


def refuse(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def flock(file: object, operation: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", flock)


@contextmanager
def holding(
    folder: Path, cache_home: Path, error: str | None
) -> Iterator["subprocess.Popen[bytes]"]:
    """Let another process hold a folder's lock for the length of a block, then kill it."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdout=subprocess.PIPE,
        env=environment(cache_home, without_locks(error)),
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"held\n"
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


@names_owners
@pytest.mark.parametrize("error", MISSING)
def test_where_there_are_no_locks_it_works_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: str
) -> None:
    refuse(monkeypatch, getattr(errno, error))
    lock = FolderLock(tmp_path / "m")
    for _ in range(2):
        with lock.held(wait=False):
            assert lock.holder() == f"process {os.getpid()} on {socket.gethostname()}"
            with pytest.raises(Busy, match=f"process {os.getpid()} on "):
                FolderLock(tmp_path / "m").held(wait=False).__enter__()
        assert os.listdir(tmp_path) == []  # nothing stale
    assert "no locks on this file system; .m.lock-owner there keeps others away" in caplog.text


def test_error_of_another_kind_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, errno.EIO)
    with pytest.raises(OSError, match="Input/output error") as caught:
        FolderLock(tmp_path / "m").held(wait=False).__enter__()
    assert caught.value.filename == str(tmp_path / ".m.lock")


@names_owners
@pytest.mark.parametrize(("first", "second"), BOTH)
def test_one_at_a_time_and_the_lock_of_a_killed_one_is_no_lock(
    tmp_path: Path,
    cache_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    first: str | None,
    second: str | None,
) -> None:
    """Whether each of the two sees locks or not: they may see the same disk in two ways."""
    folder = JobFolder(tmp_path / "m")
    if second:
        refuse(monkeypatch, getattr(errno, second))
    with holding(folder.path, cache_home, first) as process:
        assert folder.worker() == f"process {process.pid} on {socket.gethostname()}"
        with pytest.raises(Busy, match=f"m: process {process.pid} on .* is training in it; wait"):
            folder.locked().__enter__()
    assert folder.worker() is None
    with folder.locked():
        pass
    assert os.listdir(tmp_path) == []


@names_owners
def test_number_that_another_process_has_now_is_not_taken_for_the_dead_one(
    tmp_path: Path, cache_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with holding(tmp_path / "m", cache_home, "ENOLCK") as process:
        pass
    marker = tmp_path / ".m.lock-owner"
    text = marker.read_text()
    assert text.startswith(f"{process.pid}\n")
    marker.write_text(text.replace(str(process.pid), str(os.getppid()), 1))  # it began before
    refuse(monkeypatch, errno.ENOLCK)
    with FolderLock(tmp_path / "m").held(wait=False):
        assert marker.read_text().startswith(f"{os.getpid()}\n")


@pytest.mark.parametrize("error", [None, "ENOLCK"])
def test_owner_on_another_host_cannot_be_judged_and_the_file_to_remove_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: str | None
) -> None:
    if error:
        refuse(monkeypatch, getattr(errno, error))
    marker = tmp_path / ".m.lock-owner"
    marker.write_text("7\nelsewhere\n")
    with pytest.raises(Busy, match=rf"process 7 on elsewhere \(if that has ended, remove {marker}"):
        FolderLock(tmp_path / "m").held(wait=False).__enter__()
    marker.unlink()
    with FolderLock(tmp_path / "m").held(wait=False):
        pass


@names_owners
@pytest.mark.parametrize("error", MISSING)
def test_preparing_goes_on_after_a_kill_and_warns_nobody_in_python(
    run_anew: Run, cache_home: Path, tmp_path: Path, error: str
) -> None:
    (tmp_path / "text.txt").write_text("The ferry was late.\n" * 99)
    with holding(tmp_path / "store", cache_home, error):
        pass
    done = run_anew(
        "prepare", "text.txt", "-o", "store", env=without_locks(error), cwd=tmp_path, timeout=60
    )
    assert done.returncode == 0, done.stderr
    told = done.stderr.decode()
    assert "Warning" not in told
    assert "no locks on this file system" in told
    assert sorted(os.listdir(tmp_path)) == ["store", "text.txt"]


@names_owners
def test_preparing_names_whom_and_what_it_waits_for_and_ends_when_that_is_killed(
    cache_home: Path, tmp_path: Path
) -> None:
    (tmp_path / "text.txt").write_text("The ferry was late.\n" * 99)
    with (
        holding(tmp_path / "store", cache_home, "ENOLCK") as process,
        subprocess.Popen(
            [sys.executable, "-m", "textgen", "prepare", "text.txt", "-o", "store"],
            stderr=subprocess.PIPE,
            cwd=tmp_path,
            env=environment(cache_home, without_locks("ENOLCK")),
        ) as waiting,
    ):
        assert waiting.stderr
        told = b""
        while b"waiting" not in told:
            told = waiting.stderr.readline()
            assert told, "it waits for nobody"
        assert f"process {process.pid} on ".encode() in told
        assert f"waiting until {tmp_path / '.store.lock-owner'} is free".encode() in told
        process.send_signal(signal.SIGKILL)
        process.wait()
        waiting.communicate(timeout=60)
    assert waiting.returncode == 0
