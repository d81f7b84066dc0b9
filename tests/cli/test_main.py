"""`main` calls the command itself, and maps each ending to a message and an exit code."""

import dataclasses
import errno
import inspect
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import textgen
from tests.cli.seen import one_line
from tests.conftest import Run
from textgen.cli.exit_codes import outcome_of
from textgen.cli.generate import generate
from textgen.cli.generate_request import GenerateRequest
from textgen.cli.main import COMMANDS, main
from textgen.errors import Busy, Interrupted

OWN = str(Path(textgen.__file__).parent)


@pytest.fixture(autouse=True)
def sigterm() -> Iterator[None]:
    """Give SIGTERM back the handler that it had."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_no_frame_of_ours_lies_between_main_and_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = list[str]()

    def note(**_: object) -> None:
        frames.extend(f.function for f in inspect.stack(0) if f.filename.startswith(OWN))

    monkeypatch.setattr(generate, "callback", note)
    monkeypatch.setattr(sys, "argv", ["textgen", "generate", "The", "--top-k", "3"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 0
    assert frames == ["main"]  # and the command, which was replaced


def test_a_command_gets_the_settings_that_were_chosen_and_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = dict[str, object]()
    fields = {field.name for field in dataclasses.fields(GenerateRequest)}
    monkeypatch.setattr(generate, "callback", lambda **others: values.update(others))
    monkeypatch.setenv("TEXTGEN_TOP_P", "0.5")
    generate.main(["The", "--top-k", "0"], standalone_mode=False)
    assert values["settings"] == {"top_k": 0, "top_p": 0.5}
    assert set(values) == fields


def test_without_a_command_there_is_help_on_stderr(run: Run) -> None:
    done = run()
    assert (done.returncode, done.stdout) == (2, b"")
    for command in COMMANDS:
        assert f"  {command.name} " in done.stderr.decode()


def test_a_shell_gets_completions(run: Run) -> None:
    words = {"COMP_WORDS": "textgen gen", "COMP_CWORD": "1", "_TEXTGEN_COMPLETE": "bash_complete"}
    done = run(env=words)
    assert (done.returncode, done.stdout) == (0, b"plain,generate\n")


@pytest.mark.parametrize(
    ("error", "message", "code"),
    [
        (Busy("there: busy"), "there: busy", 75),
        (KeyboardInterrupt(), "interrupted", 130),
        (Interrupted(signal.SIGTERM, "kept"), "kept", 143),
        (click.Abort(), "interrupted", 130),
        (FileNotFoundError(errno.ENOENT, "no", "a.txt"), "a.txt: no such file or folder", 66),
        (OSError(errno.ENOSPC, "no space", "a.txt"), "a.txt: no space; no file that existed", 74),
        (MemoryError(), "the memory is not enough for this (MemoryError); end other", 74),
        (ValueError("odd"), "a bug in textgen: ValueError: odd (TEXTGEN_TRACEBACK=1", 1),
        (click.UsageError("Wrong."), "Wrong (see 'textgen --help')", 2),
        (click.ClickException("Wrong."), "Wrong.", 2),
    ],
)
def test_every_kind_of_error_has_its_message_and_code(
    error: BaseException, message: str, code: int
) -> None:
    outcome = outcome_of(error)
    assert outcome.message.startswith(message)
    assert outcome.code == code


def test_an_error_that_a_signal_caused_is_the_signal() -> None:
    error = ImportError("half loaded")
    error.__cause__ = Interrupted(signal.SIGTERM, "kept")
    assert outcome_of(error) == ("kept", 143)


def test_a_bug_is_one_line_and_a_traceback_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(**_: object) -> None:
        raise ZeroDivisionError("odd")

    monkeypatch.setattr(generate, "callback", fail)
    monkeypatch.setattr(sys, "argv", ["textgen", "generate"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 1
    assert "ZeroDivisionError: odd" in one_line(capfd.readouterr().err.encode())
    monkeypatch.setenv("TEXTGEN_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        main()
