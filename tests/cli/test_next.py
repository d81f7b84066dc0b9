"""`textgen next` shows what may come next: under the model, and as it would be drawn."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.conftest import Run
from textgen.cli.next import next_
from textgen.errors import DataError, UsageError
from textgen.generator import TextGenerator


def shown(*arguments: Any, **options: Any) -> str:
    """Run the command in this process."""
    done = CliRunner().invoke(next_, [*map(str, arguments)], catch_exceptions=False, **options)
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout


def test_next_is_a_table_of_the_likeliest_tokens(run: Run, seeded: Path) -> None:
    done = run("next", "The", "-m", seeded, "-k", 3)
    assert (done.returncode, done.stderr) == (0, b"")
    head, *lines = done.stdout.decode().splitlines()
    assert head.split() == ["token", "id", "model", "drawn"]
    expected = TextGenerator.from_pretrained(seeded).next("The", 3)
    assert len({len(line) for line in (head, *lines)}) == 1  # columns
    for line, token in zip(lines, expected, strict=True):
        found = re.fullmatch(r"('.+?')\s+(\d+)\s+([\d.]+)%\s+([\d.]+)%", line)
        assert found
        assert found[1] == token.text
        assert int(found[2]) == token.token
        assert float(found[3]) == pytest.approx(100 * token.probability, abs=0.006)
        assert float(found[4]) == pytest.approx(100 * token.sampled, abs=0.006)


def test_json_has_the_same_numbers_in_full(seeded: Path) -> None:
    told = json.loads(shown("The", "-m", seeded, "--json"))
    assert told == [one.to_dict() for one in TextGenerator.from_pretrained(seeded).next("The")]
    assert len(told) == 10
    everything = json.loads(shown("The", "-m", seeded, "--json", "-k", 10_000))
    assert len(everything) == 258
    assert sum(one["probability"] for one in everything) == pytest.approx(1, abs=1e-4)
    assert sum(one["sampled"] for one in everything) == pytest.approx(1, abs=1e-4)


def test_filters_are_seen_in_what_is_drawn_and_not_in_the_model(seeded: Path) -> None:
    plain = json.loads(shown("The", "-m", seeded, "--json", "--temperature", 1))
    cut = json.loads(shown("The", "-m", seeded, "--json", "--temperature", 1, "--top-k", 2))
    assert [one["probability"] for one in cut] == [one["probability"] for one in plain]
    assert [one["sampled"] > 0 for one in cut] == [True] * 2 + [False] * 8
    assert sum(one["sampled"] for one in cut) == pytest.approx(1)
    first = plain[0]["token"]
    banned = json.loads(shown("The", "-m", seeded, "--json", "--ban-token", f"#{first}"))
    assert banned[0]["token"] == first
    assert banned[0]["sampled"] == 0


def test_next_takes_the_prompt_from_wherever_generate_does(seeded: Path, tmp_path: Path) -> None:
    (tmp_path / "prompt").write_bytes("The café".encode())
    expected = shown("The café", "-m", seeded)
    assert shown("-p", "The café", "-m", seeded) == expected
    assert shown("-f", tmp_path / "prompt", "-m", seeded) == expected
    assert shown("-", "-m", seeded, input="The café".encode()) == expected
    assert shown("-m", seeded) != expected
    assert shown("-m", seeded) == shown("", "-m", seeded)


@pytest.mark.parametrize(
    ("arguments", "kind", "part"),
    [
        (("a", "-p", "b"), UsageError, "more than one prompt"),
        (("a", "--top-k", "-1"), UsageError, "top_k is -1"),
        (("a", "--ban-token", "the"), UsageError, "3 tokens"),
        (("ab\udcff",), DataError, "surrogate"),
    ],
)
def test_bad_input_of_next_is_an_error(
    seeded: Path, arguments: tuple[str, ...], kind: type[Exception], part: str
) -> None:
    done = CliRunner().invoke(next_, ["-m", str(seeded), *arguments])
    assert isinstance(done.exception, kind)
    assert part in str(done.exception)
    assert done.output == ""
