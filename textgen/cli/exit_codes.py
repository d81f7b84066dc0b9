"""How a command can end: the message on stderr and the exit code, for each kind of error."""

import signal
from functools import singledispatch
from typing import NamedTuple

import click

from textgen.errors import Interrupted, TextgenError, brief, is_out_of_memory

EXIT_BUG, EXIT_USAGE, EXIT_MISSING, EXIT_IO = 1, 2, 66, 74


class Outcome(NamedTuple):
    """The end of a command.

    Attributes:
        message: text for stderr.
        code: exit code.
    """

    message: str
    code: int


@singledispatch
def outcome_of(error: BaseException) -> Outcome:
    """Return the message and the exit code of an error."""
    if interruption := _interruption(error):
        return Outcome(str(interruption), interruption.exit_code)
    if is_out_of_memory(error):
        remedy = "end other programs, or use smaller settings"
        return Outcome(f"the memory is not enough for this ({brief(error)}); {remedy}", EXIT_IO)
    message = f"a bug in textgen: {type(error).__name__}: {error} (TEXTGEN_TRACEBACK=1 shows more)"
    return Outcome(message, EXIT_BUG)


@outcome_of.register
def _(error: click.UsageError) -> Outcome:
    """Name the command whose help says what is right."""
    path = error.ctx.command_path if error.ctx else "textgen"
    message = error.format_message().rstrip(".").replace("\n", " ")
    return Outcome(f"{message} (see '{path} --help')", EXIT_USAGE)


@outcome_of.register
def _(error: click.ClickException) -> Outcome:
    """Take the message of click."""
    return Outcome(error.format_message(), EXIT_USAGE)


@outcome_of.register
def _(error: TextgenError) -> Outcome:
    """Take the message and the code of one of our errors."""
    return Outcome(str(error), error.exit_code)


@outcome_of.register(KeyboardInterrupt)
@outcome_of.register(click.Abort)
def _(error: BaseException) -> Outcome:
    """Name the signal; Ctrl-C if there is none."""
    interruption = _interruption(error) or Interrupted(signal.SIGINT)
    return Outcome(str(interruption), interruption.exit_code)


@outcome_of.register
def _(error: OSError) -> Outcome:
    """Name the file, and tell a missing one from a disk that refuses."""
    where = f"{error.filename}: " if error.filename else ""
    if where and isinstance(error, FileNotFoundError):
        return Outcome(f"{where}no such file or folder", EXIT_MISSING)
    return Outcome(
        f"{where}{error.strerror or error}; no file that existed before is lost", EXIT_IO
    )


def _interruption(error: BaseException | None) -> Interrupted | None:
    """Return the signal that caused an error; a library may have replaced it by its own error."""
    while error is not None:
        if isinstance(error, Interrupted):
            return error
        if isinstance(error, KeyboardInterrupt):
            return Interrupted(signal.SIGINT)
        error = error.__cause__ or error.__context__
    return None
