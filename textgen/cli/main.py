"""The `textgen` command: its subcommands, and the one place where errors become exit codes."""

import io
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

import click

from textgen.cli.corpora import corpora
from textgen.cli.evaluate import evaluate
from textgen.cli.exit_codes import EXIT_BUG, EXIT_USAGE, outcome_of
from textgen.cli.generate import generate
from textgen.cli.help import HELP_OPTIONS
from textgen.cli.info import info
from textgen.cli.next import next_
from textgen.cli.prepare import prepare
from textgen.cli.replay import replay
from textgen.cli.tokenizer import tokenizer
from textgen.cli.train import train
from textgen.cli.write import write
from textgen.errors import Interrupted, one_line
from textgen.version import __version__

PROGRAM = "textgen"
COMPLETION = "_TEXTGEN_COMPLETE"  # the variable with which a shell asks for completions


@click.group(
    invoke_without_command=True,
    context_settings=HELP_OPTIONS | {"max_content_width": 100},
)
@click.version_option(__version__, package_name=PROGRAM)
@click.pass_context
def cli(context: click.Context) -> None:
    """Train an LSTM language model on your own text, and write text with it.

    \b
    textgen train book.txt -o models/book --budget 5m
    textgen generate "Call me" -m models/book
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(EXIT_USAGE)


COMMANDS = (prepare, train, generate, write, next_, replay, evaluate, info, corpora, tokenizer)
for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """Run the command line and exit with the code of its outcome.

    A closed pipe, as of `| head`, is success: the reader has all that it wants.
    """
    code = 0
    try:
        _prepare_process()
        with cli.make_context(PROGRAM, sys.argv[1:]) as context:
            cli.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as end:  # of --help and --version
        code = end.exit_code
    except BrokenPipeError:
        _discard_output()
    except (Exception, KeyboardInterrupt) as error:
        code = _report(error)
    sys.exit(code)


def _prepare_process() -> None:
    """Make stdout take every character, SIGTERM an exception, and answer a shell's completion."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal may lack a character of the text
    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _terminate)
    if instruction := os.environ.get(COMPLETION):
        from click.shell_completion import shell_complete

        sys.exit(shell_complete(cli, {}, PROGRAM, COMPLETION, instruction))


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    """Let SIGTERM end a command as Ctrl-C does, so that no file is left half-written."""
    raise Interrupted(number)


def _discard_output() -> None:
    """Send the rest of stdout nowhere; otherwise Python complains about the closed pipe at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report(error: BaseException) -> int:
    """Print an error as one line on stderr; return the exit code."""
    message, code = outcome_of(error)
    if code == EXIT_BUG and os.environ.get("TEXTGEN_TRACEBACK"):
        raise error
    if isinstance(error, KeyboardInterrupt) and sys.stderr.isatty():
        click.echo(err=True)  # ends the line in which the terminal shows ^C
    click.echo(f"{PROGRAM}: {one_line(message)}", err=True)
    return code
