"""Constraints on the command line: each option, files for the long ones, exit codes."""

import json
import re
from pathlib import Path

import pytest

from tests.conftest import Run
from textgen.generator import TextGenerator

pytestmark = pytest.mark.needs("constrain")

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
GRAMMAR = 'start: "<" /[a-z ]*/ ">"'


@pytest.fixture(scope="module")
def folder(generator: TextGenerator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with random weights, which writes small letters for ever."""
    folder = tmp_path_factory.mktemp("constraints")
    generator.save_pretrained(folder / "model")
    (folder / "schema.json").write_text(json.dumps(SCHEMA))
    (folder / "grammar.lark").write_text(GRAMMAR)
    return folder


def test_each_constraint_writes_a_text_that_fits(run: Run, folder: Path) -> None:
    def text(*options: str) -> str:
        done = run("generate", "-m", "model", "-n", 40, "-s", 1, *options, cwd=folder)
        assert done.returncode == 0, done.stderr.decode()
        return str(done.stdout.decode()).removesuffix("\n")

    assert re.fullmatch(r"[a-z ]*!", text("--regex", "[a-z ]*!"))
    assert text("--choice", "ebb", "--choice", "flood") in ("ebb", "flood")
    assert isinstance(json.loads(text("--json-schema", "@schema.json"))["a"], str)
    assert re.fullmatch("<[a-z ]*>", text("--grammar", "@grammar.lark"))


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--regex", "[a-z]{99}"), 2, "only one of 99; raise --max-new-tokens"),
        (("--json-schema", "@nowhere.json"), 66, "nowhere.json"),
        (("--regex", "abc", "--min-tokens", "9"), 65, "no token is left to choose from"),
    ],
)
def test_what_cannot_be_kept_is_one_line_and_an_exit_code(
    run: Run, folder: Path, options: tuple[str, ...], code: int, message: str
) -> None:
    done = run("generate", "-m", "model", "-n", 20, "-q", *options, cwd=folder)
    (line,) = done.stderr.decode().splitlines()
    assert message in line
    assert done.returncode == code
    assert done.stdout == b""
