"""The `textgen` command: its subcommands, and the one place where errors become exit codes."""

import io
import os
import signal
import sys
from types import FrameType
from typing import Any, NoReturn

import click

from textgen.cli.corpora import corpora
from textgen.cli.evaluate import evaluate
from textgen.cli.generate import generate
from textgen.cli.info import info
from textgen.cli.next import next_
from textgen.cli.prepare import prepare
from textgen.cli.replay import replay
from textgen.cli.tokenizer import tokenizer
from textgen.cli.train import train
from textgen.cli.write import write
from textgen.errors import Interrupted, TextgenError, brief, is_out_of_memory, one_line
from textgen.version import __version__

EXIT_BUG, EXIT_USAGE, EXIT_MISSING, EXIT_IO = 1, 2, 66, 74


class Commands(click.Group):
    """The group of commands: to it a closed pipe is success, and Ctrl-C one line on stderr."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. Whoever reads our output may have enough of it, as `| head` has."""
        try:
            outcome = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # What is still buffered has no reader; Python would complain about it at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)
        except KeyboardInterrupt as error:
            if sys.stderr.isatty():
                raise  # click ends the line in which the terminal shows ^C
            raise click.Abort from error
        return outcome


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, package_name="textgen")
def cli() -> None:
    """Train an LSTM language model on your own text, and write text with it.

    \b
    textgen train book.txt -o models/book --budget 5m
    textgen generate "Call me" -m models/book
    """


COMMANDS = (prepare, train, generate, write, next_, replay, evaluate, info, corpora, tokenizer)
for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """Run the command line and exit with the code that the outcome has."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal may lack what a model writes
    try:
        if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
            signal.signal(signal.SIGTERM, _terminate)
        code = cli(prog_name="textgen", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.UsageError as error:
        _fail(_usage_message(error), EXIT_USAGE)
    except click.ClickException as error:
        _fail(error.format_message(), EXIT_USAGE)
    except TextgenError as error:
        _fail(str(error), error.exit_code)
    except (KeyboardInterrupt, click.Abort) as error:  # click makes the one of the other
        signalled = _interruption(error) or Interrupted(signal.SIGINT)
        _fail(str(signalled), signalled.exit_code)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        if where and isinstance(error, FileNotFoundError):
            _fail(f"{where}no such file or folder", EXIT_MISSING)
        _fail(f"{where}{error.strerror or error}; nothing that was there before is lost", EXIT_IO)
    except Exception as error:  # the last resort: a bug of ours, told in one line
        if behind := _interruption(error):
            _fail(str(behind), behind.exit_code)
        if is_out_of_memory(error):
            _fail(
                f"the memory is not enough for this ({brief(error)}); end other programs, or give "
                f"this one less to do",
                EXIT_IO,
            )
        if os.environ.get("TEXTGEN_TRACEBACK"):
            raise
        kind = type(error).__name__
        _fail(f"a bug in textgen: {kind}: {error} (TEXTGEN_TRACEBACK=1 shows more)", EXIT_BUG)


def _interruption(error: BaseException | None) -> Interrupted | None:
    """Return the signal behind an error, of which a library that loads makes one of its own."""
    while error is not None:
        if isinstance(error, Interrupted):
            return error
        if isinstance(error, KeyboardInterrupt):
            return Interrupted(signal.SIGINT)
        error = error.__cause__ or error.__context__
    return None


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    """Let SIGTERM end a command as Ctrl-C does: nothing half-written stays behind."""
    raise Interrupted(number)


def _usage_message(error: click.UsageError) -> str:
    """Put a usage error into one line that ends with where help is."""
    path = error.ctx.command_path if error.ctx else "textgen"
    message = error.format_message().rstrip(".").replace("\n", " ")
    return f"{message} (see '{path} --help')"


def _fail(message: str, code: int) -> NoReturn:
    """Print an error as one line and exit."""
    click.echo(f"textgen: {one_line(message)}", err=True)
    sys.exit(code)
