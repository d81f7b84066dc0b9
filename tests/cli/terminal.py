"""A terminal of 80 columns and 24 rows, at which a person reads the screen and presses keys."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pyte

COLUMNS, ROWS = 80, 24
PATIENCE = 60.0  # seconds, on a busy machine

KEYS = {
    "tab": "\t",
    "enter": "\r",
    "escape": "\x1b",
    "backspace": "\x7f",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "page up": "\x1b[5~",
    "page down": "\x1b[6~",
}


class Terminal:
    """A command that runs at a terminal.

    Args:
        folder: that it works in.
        arguments: of `textgen`.
    """

    def __init__(self, folder: Path, *arguments: Any) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "textgen", *map(str, arguments)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=folder,
            env=os.environ | {"TERM": "xterm-256color"},
        )
        os.close(theirs)
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self.is_over = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)

    @property
    def rows(self) -> list[str]:
        """What the screen shows."""
        return [row.rstrip() for row in self._screen.display]

    @property
    def text(self) -> str:
        """What the screen shows, as one text."""
        return "\n".join(self.rows)

    def press(self, *keys: str) -> None:
        """Press keys: those of `KEYS`, with Control as "^F", or text."""
        for key in keys:
            code = KEYS.get(key, key)
            if len(key) == 2 and key[0] == "^":
                code = chr(ord(key[1]) - ord("@"))
            os.write(self._ours, code.encode())

    def wait(self, wanted: Callable[[], object] | str) -> None:
        """Wait until the screen shows something."""
        seen = (lambda: wanted in self.text) if isinstance(wanted, str) else wanted
        end = time.monotonic() + PATIENCE
        while not seen():
            assert not self.is_over, self.text
            assert time.monotonic() < end, self.text
            self._look()

    def end(self) -> int:
        """Wait for the end of the command; return its exit code."""
        while not self.is_over:
            self._look()
        return self.process.wait(PATIENCE)

    def _look(self) -> None:
        """Take in what is shown next."""
        ready, _, _ = select.select([self._ours], [], [], 0.1)
        try:
            shown = os.read(self._ours, 1 << 16) if ready else b""
        except OSError:  # Linux's way to say that the other side is closed
            ready, shown = [self._ours], b""
        self._stream.feed(shown)
        self.is_over = bool(ready) and not shown
