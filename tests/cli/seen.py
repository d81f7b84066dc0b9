"""What a person sees of a command, at a terminal where Ctrl-C may be pressed."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, Any


def one_line(error: bytes) -> str:
    """Return an error's text after checking that it is a single line of ours."""
    text = error.decode()
    assert text.count("\n") == 1, text
    assert text.startswith("textgen: "), text
    return text


def on_terminal(
    cache_home: Path, *arguments: Any, stdout: IO[bytes] | None = None, ctrl_c_after: str = ""
) -> tuple[int, str]:
    """Run `textgen` with a pseudo-terminal as its output; return exit code and what it shows.

    Args:
        cache_home: where token stores are kept.
        arguments: of the command.
        stdout: where that goes to instead.
        ctrl_c_after: what is shown when SIGINT comes, if it does.
    """
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "textgen", *map(str, arguments)],
        stdin=theirs,
        stdout=stdout or theirs,
        stderr=theirs,
        env=os.environ | {"XDG_CACHE_HOME": str(cache_home), "TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(theirs)
    shown = b""
    while part := _read(ours):
        shown += part
        if ctrl_c_after and ctrl_c_after.encode() in shown:
            process.send_signal(signal.SIGINT)
            ctrl_c_after = ""
    os.close(ours)
    return process.wait(timeout=60), shown.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    """Return what is shown next; nothing at the end."""
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux's way to say that the other side is closed
        return b""
