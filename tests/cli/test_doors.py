"""A setting is the same by whichever door it comes in: flag, environment, TOML file."""

import json
import os
from pathlib import Path
from typing import Any
from unittest import mock

import click
import pytest
from click.core import ParameterSource
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cli.commands import commands, needed
from textgen.cli.combinations import MEANINGLESS
from textgen.cli.command import Option
from textgen.cli.generate import generate
from textgen.cli.names import value_of
from textgen.cli.param_types import FilterOrder, NameList, NumberList, PathName, SchedulePoints
from textgen.cli.prepare import prepare
from textgen.errors import UsageError

# What a person may give one option once, as text, by the type that click reads it with; the TOML
# file has the number where it is one.
SAMPLES: list[tuple[type, Any]] = [
    (PathName, "some where.txt"),
    (NumberList, "3,2"),
    (FilterOrder, "temperature; top_k"),
    (SchedulePoints, "0=1.2,200=0.6"),
    (click.types.IntParamType, 3),
    (click.types.FloatParamType, 0.25),
    (click.types.BoolParamType, True),
]
NASTY = ("New York", "\n", r"a\n b", '[1, "x"', '{"a": 1}', " ", "é" + "e\u0301", "'\"", "#x=1=2")


def samples(option: click.Option) -> list[Any]:
    """Return values for an option; of one that takes several, lists of them."""
    if isinstance(option.type, click.Choice | NameList):
        named = vars(option.type).get("_choices") or option.type.choices  # type: ignore[union-attr]
        return [list(named)[-1]]
    found = [value for kind, value in SAMPLES if isinstance(option.type, kind)]
    if option.nargs > 1:
        return [[NASTY[0], NASTY[1]]]
    if not option.multiple:
        return found or list(NASTY[:3])
    if option.type.name == "token=bias":
        return [["e= =1.5", "#17=-1"], ["x=0"]]
    if option.type.name == "column=value":
        return [["author=Ada Lovelace", "a=b=c"]]
    return [list(NASTY)]


def value(command: click.Command, option: click.Option, flags: list[str], env: Any) -> Any:
    """Return what a command makes of its arguments, and where it has it from."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("TEXTGEN_")}
    with (
        mock.patch.dict(os.environ, clean | env, clear=True),
        command.make_context("x", [*flags, *needed(command, option)]) as context,
    ):
        return value_of(context, option), context.get_parameter_source(str(option.name))


def typed(option: click.Option, wanted: Any) -> list[str]:
    """Write a value as a person types it."""
    flag = next(one for one in option.opts if one.startswith("--"))
    if wanted is True:
        return [flag]
    if option.nargs > 1:
        return [flag, *wanted]
    return [f"{flag}={one}" for one in (wanted if isinstance(wanted, list) else [wanted])]


def toml(wanted: Any) -> str:
    """Write a value as TOML."""
    return json.dumps(wanted, ensure_ascii=False).replace("\x7f", r"\u007f")


@pytest.mark.parametrize("command", [*commands()], ids=lambda command: str(command.name))
def test_every_option_of_every_command_is_the_same_by_all_doors(
    command: click.Command, tmp_path: Path
) -> None:
    refused = MEANINGLESS.get(str(command.name), ())
    options = [p for p in command.params if isinstance(p, Option) and p.name not in refused]
    has_toml = any(option.name == "config" for option in options)
    for option in options:
        for wanted in samples(option) if option.name != "config" else ():
            flag, source = value(command, option, typed(option, wanted), {})
            assert source is ParameterSource.COMMANDLINE
            written = json.dumps(wanted) if isinstance(wanted, list) else str(wanted)
            assert option.envvar
            for variable in option.envvar:
                told, source = value(command, option, [], {variable: written})
                assert (told, source) == (flag, ParameterSource.ENVIRONMENT), variable
            if has_toml:
                file = tmp_path / "options.toml"
                name = option.envvar[0].removeprefix("TEXTGEN_").lower()
                file.write_text(f"{name} = {toml(wanted)}\n", encoding="utf-8")
                told, source = value(command, option, ["--config", str(file)], {})
                assert (told, source) == (flag, ParameterSource.DEFAULT_MAP), name


@pytest.mark.parametrize("command", [*commands()], ids=lambda command: str(command.name))
def test_all_but_help_can_be_set_in_the_environment_by_each_long_name(
    command: click.Command,
) -> None:
    for option in command.params:
        if isinstance(option, click.Option):
            flags = [one for one in option.opts if one.startswith("--")]
            variables = [f"TEXTGEN_{one[2:].replace('-', '_').upper()}" for one in flags]
            assert option.envvar == variables


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=9)


def stops(*flags: str, **env: str) -> Any:
    option = next(p for p in generate.params if p.name == "stop")
    assert isinstance(option, click.Option)
    return value(generate, option, list(flags), env)[0]


def is_json_list(text: str) -> bool:
    try:
        return isinstance(json.loads(text), list)
    except ValueError:
        return False


@settings(max_examples=30)
@given(texts=st.lists(TEXTS, min_size=1, max_size=3))
def test_any_texts_come_in_unharmed(texts: list[str], tmp_path_factory: Any) -> None:
    flags = [f"--stop={text}" for text in texts]
    assert stops(*flags) == tuple(texts)
    assert stops(TEXTGEN_STOP=json.dumps(texts)) == tuple(texts)
    assert stops(TEXTGEN_STOP=json.dumps(texts, ensure_ascii=False)) == tuple(texts)
    if not is_json_list(texts[0]):
        assert stops(TEXTGEN_STOP=texts[0]) == (texts[0],)
    file = tmp_path_factory.getbasetemp() / "stops.toml"
    file.write_text(f"stop = {toml(texts)}\n", encoding="utf-8", newline="")
    assert stops("--config", str(file)) == tuple(texts)


def test_a_list_in_a_variable_replaces_that_of_a_file_and_may_be_empty(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('stop = ["a"]')
    file = ("--config", str(tmp_path / "c.toml"))
    assert stops(*file, TEXTGEN_STOP="[]") == ()
    assert stops(*file, TEXTGEN_STOP="") == ("a",)  # an empty variable is none
    assert stops(TEXTGEN_STOP="[") == ("[",)
    assert stops(TEXTGEN_STOP="[" * 100_000) == ("[" * 100_000,)


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("top_k = 5.7", "'5.7' is not a valid integer"),
        ("top_k = true", "'true' is not a valid integer"),
        ("seed = 1e3", "'1000.0' is not a valid integer"),
        ("echo = 2", "'2' is not a valid boolean"),
        ("temperature = [1, 2]", "temperature is [1, 2]; it holds one value"),
        ("regex = ['a']", "regex is ['a']; it holds one value"),
        ("temp = 1\ntemperature = 2", "temperature is another name of temperature; give one"),
        ("lables = 'a'", "did you mean 'label'"),
        ("config = 'x'", "unknown setting 'config'"),
        ("out = ''", "'' is no name of a file"),
        (r"out = 'a\u0000'".replace("'", '"'), "is no name of a file"),
    ],
)
def test_a_file_may_say_no_more_than_a_flag(tmp_path: Path, line: str, part: str) -> None:
    file = tmp_path / "c.toml"
    file.write_text(line)
    with pytest.raises((UsageError, click.UsageError)) as caught:
        stops("--config", str(file))
    error = caught.value
    told = error.format_message() if isinstance(error, click.UsageError) else str(error)
    assert part in told


def test_whole_numbers_of_a_file_are_the_texts_of_a_table(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("where = {year = 1999, name = 'x=y'}")
    option = next(p for p in prepare.params if p.name == "where")
    assert isinstance(option, click.Option)
    found, _ = value(prepare, option, ["--config", str(file)], {})
    assert found == (("year", "1999"), ("name", "x=y"))
