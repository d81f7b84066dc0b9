#!/usr/bin/env python
"""Records the terminal that README shows: runs the commands, and draws the screen as SVG.

    scripts/record_terminal.py

The commands run in a pseudo-terminal, as a person would type them; pyte reads what they print, and
rich draws it. The picture names no font of another host, so showing it asks nobody for anything.
"""

import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from fcntl import ioctl
from io import StringIO
from itertools import groupby
from pathlib import Path
from termios import TIOCSWINSZ

import pyte
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.style import Style
from rich.text import Text

PICTURE = Path(__file__).parent.parent / "docs" / "screens" / "terminal.svg"
WIDTH, HEIGHT = 100, 60
COMMANDS = (
    'textgen generate "Once upon a time" --stop-at sentence --seed 3 --echo -q',
    'textgen generate --between "The old man looked at the sea" "and went home." -s 2 --echo -q',
    'textgen next "Once upon a" --top-k 3',
    "textgen train tidewater -o models/tidewater --budget 60s --validations 2",
    'textgen generate "The harbour" -m models/tidewater -n 200 --temperature 0.5 -s 3 --echo -q',
)
WEB_FONTS = re.compile(r"@font-face \{\{.*?\}\}\s*", re.DOTALL)


def run(command: str, folder: Path) -> Iterator[bytes]:
    """Yield what a command prints in a terminal of WIDTH and HEIGHT."""
    ours, theirs = pty.openpty()
    ioctl(theirs, TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
    scripts = str(Path(sys.executable).parent)
    environment = os.environ | {
        "PATH": os.pathsep.join([scripts, os.environ["PATH"]]),
        "TERM": "xterm-256color",
        "XDG_CACHE_HOME": str(folder / "cache"),
    }
    process = subprocess.Popen(
        shlex.split(command),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=folder,
        env=environment,
    )
    os.close(theirs)
    yield from read(ours)
    os.close(ours)
    if process.wait():
        raise SystemExit(f"{command}: exit code {process.returncode}")


def read(terminal: int) -> Iterator[bytes]:
    """Yield all bytes from our side of a terminal; the other side closes it when it is done."""
    while True:
        try:
            data = os.read(terminal, 65_536)
        except OSError:
            return
        if not data:
            return
        yield data


def style_of(cell: pyte.screens.Char) -> Style:
    """Return how a character of the screen looks."""
    colour = {"default": None, "brown": "yellow"}.get(cell.fg, cell.fg)
    colour = f"#{colour}" if colour and re.fullmatch("[0-9a-f]{6}", colour) else colour
    return Style(color=colour, bold=cell.bold, italic=cell.italics)


def draw_line(screen: pyte.Screen, row: int) -> Text:
    """Return a line of the screen; characters that look alike are one piece."""
    cells = [screen.buffer[row][column] for column in range(WIDTH)]
    line = Text()
    for style, group in groupby(cells, style_of):
        line.append("".join(cell.data for cell in group), style)
    line.rstrip()
    return line


def record(folder: Path) -> list[Text]:
    """Run the commands and return the lines of the screen."""
    screen = pyte.Screen(WIDTH, HEIGHT)
    stream = pyte.ByteStream(screen)
    for command in COMMANDS:
        start = "" if command == COMMANDS[0] else "\r\n"
        stream.feed(f"{start}\x1b[1;32m$\x1b[0m \x1b[1m{command}\x1b[0m\r\n".encode())
        for data in run(command, folder):
            stream.feed(data)
    lines = [draw_line(screen, row) for row in range(HEIGHT)]
    return lines[: 1 + max(row for row, line in enumerate(lines) if line.plain.strip())]


def main() -> None:
    """Write the picture."""
    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True)
    with tempfile.TemporaryDirectory() as folder:
        for line in record(Path(folder)):
            console.print(line, soft_wrap=True)
    PICTURE.parent.mkdir(exist_ok=True)
    form = WEB_FONTS.sub("", CONSOLE_SVG_FORMAT)
    console.save_svg(str(PICTURE), title="textgen", code_format=form, unique_id="textgen")


if __name__ == "__main__":
    main()
