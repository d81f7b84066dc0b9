"""`textgen generate --between A B` writes what joins them."""

import json
from pathlib import Path

import pytest

from tests.cli.seen import one_line
from tests.conftest import Run


def test_filling_alone_with_both_texts_and_as_json_is_the_same(
    run: Run, seeded: Path, tmp_path: Path
) -> None:
    arguments = ("generate", "-m", seeded, "-s", 4, "-n", 12, "--between", "The tide", "came in")
    alone = run(*arguments)
    assert alone.returncode == 0
    assert alone.stderr.decode() == "seed 4\n"
    filling = alone.stdout.decode().removesuffix("\n")
    assert filling
    whole = run(*arguments, "--echo", "-q")
    assert whole.stdout.decode() == f"The tide{filling} came in\n"
    assert whole.stderr == b""
    told = json.loads(run(*arguments, "--json").stdout)
    assert (told["text"], told["finish_reason"]) == (filling, "joined")
    assert len(told["tokens"]) <= 12
    run(*arguments, "-o", tmp_path / "out.txt")
    assert (tmp_path / "out.txt").read_text() == filling + "\n"


@pytest.mark.parametrize(
    "others", [("prompt",), ("--jsonl",), ("--session", "x.state"), ("--num-samples", "2")]
)
def test_other_ways_of_writing_are_refused(run: Run, seeded: Path, others: tuple[str, ...]) -> None:
    done = run("generate", "-m", seeded, "--between", "a", "b", *others)
    assert done.returncode == 2
    assert "between and" in one_line(done.stderr)


def test_nothing_behind_is_a_clear_error(run: Run, seeded: Path) -> None:
    done = run("generate", "-m", seeded, "--between", "a", "")
    assert done.returncode == 2
    assert "the text after the gap is empty" in one_line(done.stderr)
