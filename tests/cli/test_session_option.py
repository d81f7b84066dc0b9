"""A text that is written by several processes is the one that a single process writes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Run


def test_text_goes_on_in_other_processes_with_the_same_bytes(
    run: Run, seeded: Path, tmp_path: Path
) -> None:
    state = tmp_path / "s.state"
    write = ("generate", "-m", seeded, "--session")
    settings = ("-s", 7, "--repeat-penalty", 1.2, "--min-p", 0.02)
    whole = run(*write, tmp_path / "whole", "The sea", *settings, "-n", 200).stdout
    parts = [run(*write, state, "The sea", *settings, "-n", 20).stdout]
    parts += [run(*write, state, "-c", "-n", n).stdout for n in (1, 79, 100)]
    assert b"".join(parts) == whole
    assert len(whole) > 100


def test_endless_text_goes_on_where_a_signal_left_it(
    run: Run, seeded: Path, tmp_path: Path
) -> None:
    state = tmp_path / "s.state"
    endless = ("The", "-s", "7", "-n", "-1", "--min-new-tokens", "10000000", "-q")
    command = [sys.executable, "-m", "textgen", "generate", "-m", str(seeded), *endless]
    process = subprocess.Popen(
        [*command, "--session", str(state)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout
    begin = os.read(process.stdout.fileno(), 100)
    process.send_signal(signal.SIGINT)
    rest, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (130, b"textgen: interrupted\n")
    before = begin + rest
    after = run("generate", "-m", seeded, "--session", state, "-c", "-n", 300, "-q").stdout
    tokens = str(len((before + after).decode()))  # a character each
    again = run(
        "generate",
        "-m",
        seeded,
        *endless[:3],
        "-n",
        tokens,
        "--min-new-tokens",
        tokens,
        "-q",
        "--session",
        tmp_path / "whole",
    ).stdout
    assert before + after == again


def test_prompt_is_read_where_a_session_stands(run: Run, seeded: Path, tmp_path: Path) -> None:
    write = ("generate", "-m", seeded, "--session", tmp_path / "s.state")
    first = run(*write, "The ", "-n", 20, "-s", 1).stdout
    second = run(*write, "-c", "And then ", "--echo").stdout
    assert second.startswith(b"And then ")
    whole = (first + second).decode()
    assert len(whole) > 30


@pytest.mark.parametrize(
    ("arguments", "part", "code"),
    [
        (("-c",), "name its file with --session", 2),
        (("--session", "{there}"), "exists already; -c goes on with it", 2),
        (("--session", "{new}", "-c"), "no such session", 66),
        (("--session", "{there}", "-c"), "not a session, or a damaged one", 65),
        (("--session", "{new}", "--num-samples", "2"), "session and num_samples exclude", 2),
        (("--session", "{new}", "--ban-token", "the"), "'the' is 3 tokens", 2),
        (("--session", "{new}", "--jsonl"), "session and jsonl exclude", 2),
    ],
)
def test_what_no_session_can_be_is_told_in_a_line(
    run: Run, seeded: Path, tmp_path: Path, arguments: tuple[str, ...], part: str, code: int
) -> None:
    there = tmp_path / "there"
    there.write_bytes(b"something else")
    named = [one.format(there=there, new=tmp_path / "new") for one in arguments]
    result = run("generate", "-m", seeded, *named)
    assert result.returncode == code
    assert part in result.stderr.decode()
    assert len(result.stderr.splitlines()) == 1
    assert there.read_bytes() == b"something else"
    assert not (tmp_path / "new").exists()
