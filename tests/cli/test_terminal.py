"""On a terminal: a live bar while training, text as it is written."""

import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.conftest import Run


def on_terminal(cache_home: Path, *arguments: Any) -> tuple[int, str]:
    """Run `textgen` with a pseudo-terminal as its output; return exit code and what it shows."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "textgen", *map(str, arguments)],
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"XDG_CACHE_HOME": str(cache_home), "TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # Linux's way to say that the other side is closed
            part = b""
        if not part:
            break
        shown += part
    os.close(ours)
    return process.wait(timeout=60), shown.decode()


def test_training_shows_a_live_bar_and_a_sample(cache_home: Path, tmp_path: Path) -> None:
    sizes = ("--units", 16, "--embedding-size", 8, "--steps", 200)
    code, shown = on_terminal(cache_home, "train", "tidewater", "-o", tmp_path / "m", *sizes)
    assert code == 0
    assert "\x1b[" in shown  # the bar is redrawn in place
    for part in ("training for 200 steps", "tokens/s", "/200", "validating", "validation: "):
        assert part in shown


def test_text_streams_to_a_terminal(run: Run, cache_home: Path, trained: Path) -> None:
    arguments = ("generate", "The", "-m", trained, "-s", 3, "-n", 60)
    code, shown = on_terminal(cache_home, *arguments)
    assert code == 0
    text = shown.replace("\r\n", "\n").removeprefix("seed 3\n")
    assert text == run(*arguments).stdout.decode()
