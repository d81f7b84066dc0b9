"""Types of options that click has no type for."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from textgen.config.corpus import ColumnValue
from textgen.config.generation import SAMPLERS, SchedulePoint, TokenBias, TokenName
from textgen.config.start import STARTS
from textgen.config.values import inner_type, is_tuple_type
from textgen.paths import named

if TYPE_CHECKING:
    ParamType = click.ParamType[Any]
else:
    ParamType = click.ParamType  # before click 8.4 it takes no type


class PathName(click.Path):
    """The name of a file or folder. `~` is expanded here too, for values that no shell has read."""

    def __init__(self, *, is_file: bool = False) -> None:
        super().__init__(path_type=Path, dir_okay=not is_file)

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Read a name; refuse an empty one."""
        return super().convert(named(_file_name(value, self, param, ctx)), param, ctx)


class StartName(PathName):
    """The value of --from: one of `STARTS`, or a model folder."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Read a name, or the path of a folder."""
        return value if value in STARTS else super().convert(value, param, ctx)


class CorpusName(ParamType):
    """The argument CORPUS: a file, a folder, a pattern, a hub data set or a recipe."""

    name = "corpus"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """Read a name; refuse an empty one."""
        return os.path.expanduser(_file_name(value, self, param, ctx))


def _file_name(value: Any, kind: ParamType, param: Any, ctx: Any) -> str:
    """Return a value as the name of a file or folder; refuse a text that can be no name."""
    name = str(value)
    if not name or "\0" in name:
        kind.fail(f"{name!r} is no name of a file or folder", param, ctx)
    return name


class CommaList(ParamType):
    """Several values in one option, separated by commas. The setting checks each value.

    Attributes:
        separator: the separator that the help shows.
    """

    separator = ","

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[Any, ...]:
        """Read `512,256`, or `[512, 256]` from a TOML file; an empty text is no values."""
        if value and isinstance(value, str):
            return tuple(item.strip() for item in value.split(","))
        items = value or ()
        return tuple(items) if isinstance(items, list | tuple) else (items,)


class NumberList(CommaList):
    """Whole numbers."""

    name = "integer[,...]"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, ...]:
        """Read `512`, `512,256` or `[512, 256]`."""
        try:
            return tuple(int(str(item)) for item in super().convert(value, param, ctx))
        except ValueError:
            self.fail(f"{value!r} is not a list of whole numbers like 512,256", param, ctx)


class NameList(CommaList):
    """Names, each one of the legal ones."""

    name = "names"

    def __init__(self, choices: tuple[str, ...]) -> None:
        self._choices = choices

    def get_metavar(self, param: Any, ctx: Any = None) -> str:  # before click 8.2, without ctx
        """Show the legal names in the help."""
        return f"[{'|'.join(self._choices)}][{self.separator}...]"


class FilterOrder(CommaList):
    """Names of filters in order, separated by semicolons, as in llama.cpp, or by commas."""

    name = "filter[;...]"
    separator = "; "  # a space, so that the help can break the line

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[Any, ...]:
        """Read `top_k;temperature` or `top_k, temperature`, or a list from a TOML file."""
        written = value.replace(";", ",") if isinstance(value, str) else value
        return super().convert(written, param, ctx)


class SchedulePoints(CommaList):
    """Temperatures by token number."""

    name = "token=temperature[,...]"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[Any, ...]:
        """Read `0=1.2,200=0.6`, or pairs or a table from a TOML file."""
        if isinstance(value, Mapping):
            value = tuple(value.items())
        try:
            return tuple(_point(item) for item in super().convert(value, param, ctx))
        except (TypeError, ValueError):
            self.fail(
                f"{value!r} is not a list of tokens and temperatures like 0=1.2,200=0.6", param, ctx
            )


class NumberOrName(ParamType):
    """A number, or any other text."""

    name = "number|name"

    def convert(self, value: Any, param: Any, ctx: Any) -> float | str:
        """Read `0.1` as a number, `valid.txt` as a name."""
        try:
            return float(value)
        except ValueError:
            return str(value)


class TokenParam(ParamType):
    """A token: its text, or `#` and its id."""

    name = "token"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Read `e` or `#17`; a number of a TOML file is an id."""
        if isinstance(value, str) and value.startswith("#") and value[1:].isdecimal():
            return int(value[1:])
        return value


class TokenBiasParam(ParamType):
    """A token and the number that is added to its logit: `whale=2.5`."""

    name = "token=bias"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Read `e=2.5` or `#17=-1`, or a pair from a TOML file."""
        try:
            token, bias = _split(value) if isinstance(value, str) else value
        except (TypeError, ValueError):
            self.fail(f"{value!r} is not a token and a number like e=2.5 or #17=-1", param, ctx)
        return TokenParam().convert(token, param, ctx), bias


class ColumnValueParam(ParamType):
    """A column of a table and its value: `language=en`."""

    name = "column=value"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Read `language=en`, or a pair from a TOML file."""
        try:
            column, cell = value.split("=", 1) if isinstance(value, str) else value
        except (TypeError, ValueError):
            self.fail(f"{value!r} is not a column and a value like language=en", param, ctx)
        return column, str(cell) if type(cell) is int else cell


def _split(text: str) -> tuple[str, float]:
    """Split at the last `=`, since a token may contain one."""
    token, _, bias = text.rpartition("=")
    return token, float(bias)


def _point(item: Any) -> Any:
    """Read `200=0.6`, or a pair; its first part is a text if it was the key of a TOML table."""
    if not isinstance(item, str):
        number, temperature = item
        return (int(number) if isinstance(number, str) else number), temperature
    number, _, temperature = item.partition("=")
    return int(number), float(temperature)


# The option type for a setting's type, where they differ.
_OPTION_TYPES = {
    TokenName: TokenParam(),
    TokenBias: TokenBiasParam(),
    ColumnValue: ColumnValueParam(),
    float | str: NumberOrName(),
}


def value_type(hint: Any, choices: tuple[str, ...]) -> Any:
    """Return the click type that reads the values of a setting.

    Args:
        hint: the type of the setting.
        choices: the legal names; empty if all are legal.
    """
    kind = inner_type(hint)
    if choices == SAMPLERS:
        return FilterOrder()
    if choices:
        return NameList(choices) if is_tuple_type(hint) else click.Choice(choices)
    if is_tuple_type(hint) and kind is int:
        return NumberList()
    if kind == SchedulePoint:
        return SchedulePoints()
    return _OPTION_TYPES.get(kind, kind)
