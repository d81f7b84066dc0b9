"""Log messages of the library on the command line."""

import logging

import pytest
from click.testing import CliRunner

from textgen.cli.command import command
from textgen.cli.messages import console, messages_shown
from textgen.cli.options import quiet_option

LOGGER = logging.getLogger("textgen.corpus.resolve")
TEXT = "[red]a path[/] of 100 letters: " + "x" * 100 + " :smile:"


@command()
@quiet_option
def speak(quiet: bool) -> None:
    """Log a message of each kind."""
    LOGGER.debug("a detail")
    LOGGER.info(TEXT)
    LOGGER.warning("%s: a warning", "file")


def test_messages_of_a_command_are_lines_on_stderr_as_they_are() -> None:
    done = CliRunner().invoke(speak)
    assert done.stderr == f"{TEXT}\nfile: a warning\n"
    assert done.stdout == ""


def test_quiet_command_shows_no_message() -> None:
    assert CliRunner().invoke(speak, ["-q"]).output == ""


def test_nothing_stays_behind_on_the_logger(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("textgen")
    before = logger.level, logger.handlers[:]
    with pytest.raises(ZeroDivisionError), messages_shown(quiet=False):
        raise ZeroDivisionError
    assert (logger.level, logger.handlers) == before
    LOGGER.info("afterwards")
    assert capsys.readouterr().err == ""


def test_bars_and_messages_share_a_console_so_that_neither_cuts_the_other() -> None:
    from textgen.cli.progress import CorpusProgress

    with CorpusProgress(quiet=False) as bar:
        assert bar._bar.console is console()
