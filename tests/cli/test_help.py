"""`-h` shows the options that most people use, `--help` all of them in groups."""

import re
from itertools import product
from typing import Any

import click
import pytest
from click.testing import CliRunner

from tests.cli.commands import commands
from textgen.cli.command import Option
from textgen.cli.generate import generate
from textgen.cli.help import GROUPS
from textgen.cli.prepare import prepare
from textgen.cli.replay import replay
from textgen.cli.train import train
from textgen.config.base import Config
from textgen.config.model import NetworkConfig
from textgen.config.size import SAMPLED_VOCABULARY, SIZES, fitting
from textgen.config.training import TrainingConfig

A_DOZEN = 12
LONG = [generate, train]


def shown(command: click.Command, flag: str) -> str:
    done = CliRunner().invoke(command, [flag])
    assert done.exit_code == 0, done.exception
    return done.output


def listed(text: str) -> set[str]:
    """Return the flags with which the lines of a help begin."""
    return set(re.findall(r"^  (?:-\w, )?(-[\w-]+)", text, re.MULTILINE))


def usual_flags(command: click.Command, *, first: bool) -> set[str]:
    options = [p for p in command.params if isinstance(p, Option) and first >= bool(p.group)]
    return {next(flag for flag in p.opts if flag.startswith("--")) for p in options}


@pytest.mark.parametrize("command", LONG)
def test_short_help_is_a_dozen_options_and_the_names_of_the_groups(command: click.Command) -> None:
    first = {p.name for p in command.params if isinstance(p, Option) and not p.group}
    assert len(first) == A_DOZEN, first
    text = shown(command, "-h")
    assert len(listed(text)) == A_DOZEN + 2  # and the two helps
    others = sum(1 for p in command.params if isinstance(p, Option)) - A_DOZEN
    assert f"--help shows {others} more options: " in text
    assert len(text.splitlines()) <= 60


@pytest.mark.parametrize("command", [*commands()], ids=lambda command: str(command.name))
def test_help_lists_every_option_once(command: click.Command) -> None:
    text = shown(command, "--help")
    for option in command.params:
        if isinstance(option, Option):
            pattern = rf"^  (?:-\w, )?{option.opts[-1] if len(option.opts) == 1 else '--'}"
            assert re.search(pattern, text, re.MULTILINE)
    entries = re.findall(r"^  -", text, re.MULTILINE)
    options = [p for p in command.params if isinstance(p, click.Option)]
    assert len(entries) == len(options) + 1  # and --help


def test_groups_come_after_the_first_options_in_their_order() -> None:
    text = shown(generate, "--help")
    headings = re.findall(r"^(\w.*):$", text, re.MULTILINE)
    assert headings[0] == "Options"
    assert headings[1:] == [group for group in GROUPS if group in headings]
    assert text.index("\nRepetition:") < text.index("--dry-base") < text.index("\nConstraints:")


@pytest.mark.parametrize("command", [*commands()], ids=lambda command: str(command.name))
def test_every_group_of_an_option_is_a_known_one(command: click.Command) -> None:
    groups = {p.group for p in command.params if isinstance(p, Option)}
    assert groups <= {"", *GROUPS}


def test_a_command_with_few_options_has_one_list() -> None:
    text = shown(replay, "--help")
    assert "Other:" not in text
    assert "--quiet" in text


def test_short_help_needs_none_of_the_required_arguments() -> None:
    assert "--help shows" in shown(prepare, "-h")


def sized() -> dict[str, set[Any]]:
    """Return the values that a size gives to settings, over all sizes and kinds of text."""
    values = dict[str, set[Any]]()
    for size, tokens, types in product(SIZES, (3_000, 10**8), (60, 5_000, SAMPLED_VOCABULARY)):
        training = TrainingConfig(size=size, budget="5m", matmul="fp32", threads=2)
        for name, value in fitting(training, tokens=tokens, vocab_size=types).items():
            values.setdefault(name, set()).add(value)
    return values


@pytest.mark.parametrize("name", [name for name in sized() if name != "size"])
def test_help_of_an_option_whose_default_the_size_chooses_says_so(name: str) -> None:
    configs: list[type[Config]] = [NetworkConfig, TrainingConfig]
    default = {n: v for config in configs for n, v in vars(config()).items()}[name]
    option = next(p for p in train.params if p.name == name)
    with click.Context(train) as context:
        record = option.get_help_record(context)
    assert record
    assert ("by --size" in record[1]) == (sized()[name] != {default})


def test_a_command_has_its_short_help_without_the_program_around_it() -> None:
    assert "-h, --help" in shown(replay, "-h")
