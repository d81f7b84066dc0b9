"""Progress and messages: one protocol for reporters, and a library that is silent by default."""

import logging
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from textgen import ProgressReporter, TextGenerator, UsageError

TEXT = "The ferry was late. The bell was not."
WARNS = """
import errno, sys
from textgen.folder_lock import FolderLock
from pathlib import Path
def refuse(file, operation):
    raise OSError(errno.ENOLCK, "no locks")
import fcntl
fcntl.flock = refuse
with FolderLock(Path(sys.argv[1]) / "m").held(wait=False):
    pass
"""


class Sums:
    """Adds up what each stage has done."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()

    def advance(self, stage: str, done: int, total: int | None = None) -> None:
        self.done[stage] += done


def test_any_class_that_advances_is_a_reporter() -> None:
    assert isinstance(Sums(), ProgressReporter)
    assert not isinstance(logging.getLogger(), ProgressReporter)


def test_evaluation_reports_its_stages(generator: TextGenerator) -> None:
    sums = Sums()
    generator.evaluate([TEXT], progress=sums)
    assert sums.done == {"reading": len(TEXT), "scoring": len(TEXT)}


def test_watch_is_the_old_name_of_progress(generator: TextGenerator) -> None:
    sums = Sums()
    with pytest.warns(DeprecationWarning, match="watch is called progress now") as caught:
        generator.evaluate([TEXT], watch=sums)
    assert caught[0].filename == __file__
    assert sums.done["scoring"] == len(TEXT)
    with pytest.raises(UsageError, match="progress is 3"):
        generator.evaluate([TEXT], progress=3)  # type: ignore[arg-type]  # the point of the test


def test_warnings_of_the_library_are_silent_until_logging_is_configured(tmp_path: Path) -> None:
    for setup, is_silent in (("", True), ("import logging; logging.basicConfig()", False)):
        done = subprocess.run(
            [sys.executable, "-c", f"import textgen\n{setup}\n{WARNS}", str(tmp_path)],
            capture_output=True,
            check=True,
        )
        assert done.stdout == b""
        assert (done.stderr == b"") == is_silent
        assert is_silent or b"textgen.folder_lock" in done.stderr
