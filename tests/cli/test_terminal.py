"""On a terminal: bars where something takes long, text as it is written, Ctrl-C."""

import json
import signal
import sys
from pathlib import Path

import pytest

from tests.cli.seen import on_terminal
from tests.conftest import Run
from tests.seeded_models import TIDEWATER
from textgen.cli import main
from textgen.errors import Interrupted


@pytest.mark.needs("train")
def test_training_shows_a_live_bar_and_a_sample(cache_home: Path, tmp_path: Path) -> None:
    sizes = ("--units", 16, "--embedding-size", 8, "--steps", 200)
    code, shown = on_terminal(cache_home, "train", "tidewater", "-o", tmp_path / "m", *sizes)
    assert code == 0
    assert "\x1b[" in shown  # the bar is redrawn in place
    for part in ("training for 200 steps", "tokens/s", "/200", "validating", "validation: "):
        assert part in shown


def test_text_streams_to_a_terminal(run: Run, cache_home: Path, seeded: Path) -> None:
    arguments = ("generate", "The", "-m", seeded, "-s", 3, "-n", 60)
    code, shown = on_terminal(cache_home, *arguments)
    assert code == 0
    assert shown == "seed 3\n" + run(*arguments).stdout.decode()  # and no bar


def test_a_long_prompt_shows_how_far_it_is_read_unless_quiet(
    cache_home: Path, seeded: Path, tmp_path: Path
) -> None:
    prompt = tmp_path / "long.txt"
    prompt.write_bytes(TIDEWATER.read_bytes() * 12)
    arguments = ("generate", "-f", prompt, "-m", seeded, "-s", 3, "-n", 20)
    code, shown = on_terminal(cache_home, *arguments)
    assert code == 0
    assert "reading" in shown
    assert " tokens read, 0 written" in shown
    text = shown.rpartition("\x1b")[2]
    assert len(text.partition("K")[2]) == 21  # what stays: the text, and a newline
    code, shown = on_terminal(cache_home, *arguments, "-q")
    assert (code, len(shown)) == (0, 21)


def test_long_batches_show_a_bar_that_leaves_stdout_alone_and_ends_with_what_is_there(
    cache_home: Path, seeded: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    arguments = ("generate", "The", "-m", seeded, "-s", 3, "-n", -1, "--num-samples", 3, "--json")
    endless = ("--min-new-tokens", 10_000_000)
    with out.open("wb") as stdout:
        code, shown = on_terminal(
            cache_home, *arguments, *endless, stdout=stdout, ctrl_c_after=" written"
        )
    assert code == 130
    assert "writing" in shown
    assert shown.endswith("textgen: interrupted\n")
    told = [json.loads(line) for line in out.read_text().splitlines()]
    assert [one["seed"] for one in told] == [3, 4, 5]
    assert {one["finish_reason"] for one in told} == {"interrupted"}
    assert all(one["text"] for one in told)


def test_ctrl_c_ends_a_text_on_a_terminal(cache_home: Path, seeded: Path) -> None:
    endless = ("-n", -1, "--min-new-tokens", 10_000_000)
    code, shown = on_terminal(
        cache_home, "generate", "The", "-m", seeded, *endless, "-q", ctrl_c_after=" the "
    )
    assert code == 130
    text, _, error = shown.removesuffix("\n").rpartition("\n")
    assert error == "textgen: interrupted"
    assert " the " in text


def test_ctrl_c_leaves_in_the_file_what_exists_and_its_receipt(
    run: Run, cache_home: Path, seeded: Path, tmp_path: Path
) -> None:
    out, receipt = tmp_path / "new" / "out.txt", tmp_path / "receipt"
    endless = ("-n", -1, "--min-new-tokens", 10_000_000, "--num-samples", 2)
    code, shown = on_terminal(
        cache_home,
        "generate",
        "The",
        "-m",
        seeded,
        *endless,
        "-o",
        out,
        "--receipt",
        receipt,
        ctrl_c_after=" written",
    )
    assert code == 130
    assert shown.endswith("textgen: interrupted\n")
    assert "\n---\n" in out.read_text()
    assert run("replay", receipt).stdout == out.read_bytes()


def test_signal_that_a_loading_library_makes_an_error_of_is_an_interruption(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def load(*_: object) -> None:
        try:
            raise Interrupted(signal.SIGTERM)
        except Interrupted as error:  # as C extensions do while they are imported
            raise ImportError("initialization failed") from error

    monkeypatch.setattr(sys.modules[main.__module__].cli, "make_context", load)
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 143
    assert capsys.readouterr().err == "textgen: interrupted\n"
