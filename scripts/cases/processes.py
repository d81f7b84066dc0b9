"""Runs textgen as a user does: a process of its own, in a folder, with a time limit."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).parent.parent
SECONDS = 120.0  # that a command may take, unless a case says otherwise
TIMED_OUT = 124  # the exit code of `timeout`, which no command of ours has

_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")
_QUOTED = re.compile(r"['`]textgen ([a-z][^'`]*)['`]")  # a whole command, as a remedy tells one
_GROUPS = ("corpora", "tokenizer")


@dataclass(frozen=True)
class Done:
    """A process that ended, or was ended.

    Attributes:
        arguments: the command line without `textgen`.
        code: exit code; negative for a signal, `TIMED_OUT` when it took too long.
    """

    arguments: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def message(self) -> str:
        """The error that it told, without the name in front."""
        found = [line for line in self.err.splitlines() if line.startswith("textgen: ")]
        return found[-1].removeprefix("textgen: ") if found else ""

    @property
    def told(self) -> str:
        """All that a person at the terminal saw."""
        return f"{self.out}\n{self.err}"

    @property
    def command(self) -> str:
        """The subcommand, as `corpora check`."""
        return subcommand(self.arguments)

    def __str__(self) -> str:
        short = [a if len(a) < 40 else a[:36] + "..." for a in self.arguments]
        return f"{shlex.join(short)}: {self.code}, {self.message or self.err[-200:]!r}"

    def objects(self) -> list[Any]:
        """Read stdout as strict JSON, one text a line; NaN is none."""
        return [json.loads(line, parse_constant=_refuse) for line in self.out.splitlines()]


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def subcommand(arguments: Sequence[str]) -> str:
    """Return the subcommand of a command line: one word, or two in a group."""
    return " ".join(arguments[: 2 if arguments and arguments[0] in _GROUPS else 1])


def run(
    program: Sequence[str],
    arguments: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    stdin: bytes = b"",
    seconds: float = SECONDS,
) -> Done:
    """Run a program in a folder until it ends, or the time is over."""
    process = start(program, arguments, folder, environment)
    try:
        out, err = process.communicate(stdin, seconds)
        code = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        code = TIMED_OUT
    return Done(tuple(arguments), code, _text(out), _text(err))


def start(
    program: Sequence[str], arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    """Start a program in a folder, as the leader of its process group."""
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [*program, *arguments],
        cwd=folder,
        env=environment,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        start_new_session=True,
    )


def _text(data: bytes) -> str:
    return data.decode("utf-8", errors="backslashreplace")


TEXTGEN = (sys.executable, "-m", "textgen")


@cache
def help_text(command: str) -> str:
    """Return a subcommand's help; nothing if there is no such command."""
    done = subprocess.run(
        [*TEXTGEN, *command.split(), "--help"], capture_output=True, encoding="utf-8", check=False
    )
    return done.stdout if done.returncode == 0 else ""


def options_of(command: str) -> frozenset[str]:
    """Return the options that a subcommand has."""
    return frozenset(_OPTION.findall(help_text(command)))


def help_of(command: str, option: str) -> str:
    """Return what a subcommand's help says of an option: two spaces are before the sentence."""
    for entry in re.split(r"\n  (?=-)", help_text(command)):
        if option in _OPTION.findall(re.split(r" {2}|\n", entry)[0]):
            return entry
    return ""


def takes_value(command: str, option: str) -> bool:
    """Tell whether an option is followed by a value, and is no flag."""
    head = re.split(r" {2}|\n", help_of(command, option))[0]
    return bool(re.sub(r"-{1,2}[a-z][\w-]*|[,/ ]", "", head))


def foreign_options(message: str, command: str) -> list[str]:
    """Return the options in a message that the command in question does not have.

    A quoted command, as 'textgen train CORPUS', is asked for its own.
    """
    rest = _QUOTED.sub(" ", message)
    missing = [o for o in _OPTION.findall(rest) if o not in options_of(command)]
    for quoted in _QUOTED.findall(message):
        known = options_of(subcommand(quoted.split()))
        missing += [o for o in _OPTION.findall(quoted) if o not in known]
    return missing
