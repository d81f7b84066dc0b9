"""A wish that an option stands for is fulfilled or refused, never dropped."""

import os
import subprocess
import tempfile
from contextlib import chdir
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from tests.cli.commands import commands, needed
from tests.cli.seen import one_line
from tests.conftest import Run
from textgen.cli.combinations import EXCLUDED, MEANINGLESS, NEEDED, REPLACED
from textgen.cli.command import options_of
from textgen.cli.generate import generate
from textgen.config.generation import GenerationConfig
from textgen.errors import UsageError
from textgen.generator import TextGenerator

COMMANDS = {str(command.name): command for command in commands() if command.name != "train"}
COMMANDS["train"] = next(command for command in commands() if command.name == "train")

# A value of each option that is another one than the default, as it is typed.
VALUES = {
    "between": ["a", "b"],
    "num_samples": ["2"],
    "beams": ["2"],
    "stop_at": ["line"],
    "min_new_tokens": ["1"],
    "max_copy": ["9"],
    "length_penalty": ["0.5"],
    "steps": ["3"],
    "epochs": ["3"],
    "max_epochs": ["3"],
    "temperature": ["0.5"],
    "mirostat": ["2"],
    "temperature_schedule": ["0=1"],
    "samplers": ["temperature"],
    "dynatemp_range": ["0.1"],
    "repeat_last_n": ["9"],
    "top_k": ["3"],
    "dry_allowed_length": ["3"],
    "dry_last_n": ["9"],
    "dry_base": ["2"],
    "dynatemp_exponent": ["2"],
    "mirostat_tau": ["3"],
    "mirostat_eta": ["0.2"],
}


def typed(command: click.Command, name: str) -> list[str]:
    """Type an option with some value."""
    option = options_of(command)[name]
    flag = next(one for one in option.opts if one.startswith("--"))
    return [flag] if option.is_flag else [flag, *VALUES.get(name, ["0.5"])]


def refused(command: click.Command, *arguments: str, **env: str) -> str:
    """Return why a command refuses its arguments, which it does before it does anything."""
    clean: dict[str, str | None] = {n: None for n in os.environ if n.startswith("TEXTGEN_")}
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        done = CliRunner().invoke(command, [*arguments, *needed(command)], env=clean | env)
        assert isinstance(done.exception, UsageError), (arguments, done.output, done.exception)
        assert done.output == ""
        assert os.listdir() == []
    return str(done.exception)


PAIRS = [
    (command, way, other)
    for command, ways in EXCLUDED.items()
    for way, others in ways.items()
    for other in others
]


@pytest.mark.parametrize(("name", "way", "other"), PAIRS)
def test_options_that_exclude_each_other_are_refused_by_name(
    name: str, way: str, other: str
) -> None:
    command = COMMANDS[name]
    told = refused(command, *typed(command, way), *typed(command, other))
    assert " exclude each other; leave one out" in told
    assert {way, other} <= set(told.split())


def test_what_the_environment_says_counts_and_is_named() -> None:
    told = refused(generate, "--json", TEXTGEN_ECHO="1")
    assert told == "json and echo (set by TEXTGEN_ECHO) exclude each other; leave one out"
    assert "--echo" in typed(generate, "echo")


@pytest.mark.parametrize("way", ["prompt", "stream"])
def test_no_stream_and_an_argument_are_what_they_are(way: str) -> None:
    if way == "prompt":
        assert "between and prompt exclude" in refused(generate, "--between", "a", "b", "--", "c")
        return
    done = CliRunner().invoke(generate, ["--no-stream", "--json", "-m", "nowhere"])
    assert "no such model folder" in str(done.exception)


@pytest.mark.parametrize("name", MEANINGLESS["next"])
def test_what_says_nothing_about_the_next_token_is_refused(name: str) -> None:
    command = COMMANDS["next"]
    told = refused(command, *typed(command, name))
    assert told == f"{name} has no meaning for next; leave it out"


@pytest.fixture(scope="module")
def folder(generator: TextGenerator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "small"
    generator.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("name", NEEDED)
def test_a_setting_of_something_that_is_off_is_refused(folder: Path, name: str) -> None:
    told = refused(generate, "-m", str(folder), *typed(generate, name))
    assert told.startswith(f"{name} does nothing without {NEEDED[name][0]}; add that, or leave")


@pytest.mark.parametrize(("name", "other"), [(n, o) for n in REPLACED for o, _ in REPLACED[n]])
def test_a_setting_that_something_else_replaces_is_refused(
    folder: Path, name: str, other: str
) -> None:
    both = (*typed(generate, name), *typed(generate, other))
    told = refused(generate, "-m", str(folder), *both)
    assert told == f"{name} and {other} exclude each other; leave one out"


def test_what_many_calls_share_may_be_of_no_use_in_one(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("temperature = 0.5\nxtc_threshold = 0.2\nbeams = 2\nstop = 'x'")
    arguments = ["-m", str(folder), "--config", str(file)]
    done = CliRunner().invoke(generate, [*arguments, "-n", "3"], env={"TEXTGEN_TOP_K": "3"})
    assert done.exit_code == 0, done.exception
    assert CliRunner().invoke(COMMANDS["next"], arguments).exit_code == 0


def test_every_name_in_the_tables_is_that_of_an_option() -> None:
    for command, ways in EXCLUDED.items():
        known = set(options_of(COMMANDS[command]))
        assert known >= {name for way, others in ways.items() for name in (way, *others)}
    assert set(options_of(COMMANDS["next"])) >= set(MEANINGLESS["next"])
    settings = {*GenerationConfig.names(), "num_samples"}
    assert settings >= {*NEEDED, *REPLACED, *(o for pairs in REPLACED.values() for o, _ in pairs)}


def test_max_new_tokens_shows_no_more_candidates(folder: Path) -> None:
    told = refused(COMMANDS["next"], "-m", str(folder), "-n", "3")
    assert told.startswith("max_new_tokens does nothing without a constraint")


def test_overwriting_no_page_is_refused() -> None:
    told = refused(COMMANDS["report"], "--overwrite")
    assert told == "overwrite does nothing without html; add that, or leave overwrite out"


def test_nothing_is_written_between_two_texts_where_no_token_is_allowed(
    generator: TextGenerator,
) -> None:
    session = generator.session(seed=1)
    session.feed("The ")
    found = session.infill(" came", max_new_tokens=0)
    assert (found.text, found.finish_reason) == ("", "length")
    assert session.text == "The "


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("prepare", "a.txt", "b.txt", "-o", "x"), "put a pattern in quotation marks, as '*.txt'"),
        (
            ("train", "a.txt", "b.txt", "c.txt", "-o", "x"),
            "give one CORPUS, not 'a.txt' and 'b.txt'",
        ),
        (("evaluate", "a.txt", "b.txt"), "name their folder"),
        (("generate", "Once", "upon"), "quote a PROMPT of several words"),
        (("tokenizer", "encode", "Once", "upon"), "quote a TEXT of several words"),
        (("info", "models/book"), "unexpected argument 'models/book' (see 'textgen info --help')"),
    ],
)
def test_too_many_arguments_are_told_with_what_was_meant(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], hint: str
) -> None:
    done: subprocess.CompletedProcess[bytes] = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert hint in one_line(done.stderr)


@pytest.mark.parametrize("source", ["flag", "environment", "toml", "quiet"])
def test_an_escape_that_a_shell_has_left_is_remarked_upon_and_stays(
    folder: Path, tmp_path: Path, source: str
) -> None:
    file = tmp_path / "c.toml"
    file.write_text(r"stop = ['\n']" if source == "toml" else "")
    flags = ["--stop", r"\n"] if source in ("flag", "quiet") else []
    env: Any = {"TEXTGEN_STOP": r"\n"} if source == "environment" else {}
    quiet = ["-q"] * (source == "quiet")
    common = ["-m", str(folder), "-n", "5", "-s", "1", "--config", str(file), "--stream"]
    done = CliRunner().invoke(generate, [*common, *flags, *quiet], env=env)
    assert done.exit_code == 0
    told = r"is taken as it is, two characters; $'\n' is one, in a shell as bash" in done.stderr
    assert told == (source in ("flag", "environment"))
    plain = CliRunner().invoke(generate, [*common[:-3], "--stream"])
    assert done.stdout == plain.stdout
