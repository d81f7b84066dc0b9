"""What all commands and options share: a setting comes in by three doors, errors speak as flags do.

A value is the same whether it is given as a flag, in the environment or in a TOML file.
"""

import functools
import json
from collections.abc import Mapping
from typing import Any

import click

from textgen.cli.combinations import refuse_excluded
from textgen.cli.messages import messages_shown
from textgen.cli.names import long_names, usual_name
from textgen.cli.param_types import CommaList
from textgen.config.base import reject_unknown
from textgen.config.values import several
from textgen.errors import UsageError, worded

# What a person may have meant by more arguments than a command takes.
HINTS = {
    "prompt_argument": "quote a PROMPT of several words",
    "text": "quote a TEXT of several words",
}


class Option(click.Option):
    """An option that can be set as `TEXTGEN_<NAME>`, by any of its long names.

    A variable holds one value as it is, white space and all. Of an option that takes several it may
    be a JSON list of them. An empty variable is none.
    """

    def __init__(self, *declarations: Any, **attributes: Any) -> None:
        super().__init__(*declarations, **attributes)
        self.envvar = [f"TEXTGEN_{name.upper()}" for name in long_names(self)]

    def value_from_envvar(self, ctx: click.Context) -> Any:
        """Return what the variable holds, if there is one."""
        written = self.resolve_envvar_value(ctx)
        if written is None or not (self.multiple or self.nargs > 1):
            return super().value_from_envvar(ctx)
        return _listed(written)

    def from_toml(self, value: Any) -> Any:
        """Return a TOML value for click, which reads a single one as a flag writes it.

        Raises:
            UsageError: a list or table, for an option that holds one value.
        """
        if self.multiple:
            return several(value)
        if self.nargs > 1 or isinstance(self.type, CommaList):
            return value
        if isinstance(value, list | Mapping):
            raise UsageError(f"{usual_name(self)} is {value!r}; it holds one value")
        return str(value).lower() if isinstance(value, bool) else str(value)


class Command(click.Command):
    """A command whose errors name options as it has them, and who has too many arguments a way."""

    allow_extra_args = True

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; say what helps against too many."""
        rest = super().parse_args(ctx, args)
        if ctx.args and "corpus" in ctx.params:
            raise click.UsageError(
                f"one CORPUS is wanted, not {ctx.params['corpus']!r} and {ctx.args[0]!r}; name "
                f"their folder, or put a pattern in quotation marks, as '*.txt'",
                ctx,
            )
        if ctx.args:
            known = [HINTS[p.name] for p in self.params if p.name in HINTS]
            hint = "".join(f"; {hint}" for hint in known)
            raise click.UsageError(f"unexpected argument {' '.join(ctx.args)!r}{hint}", ctx)
        return rest

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, if its options go together."""
        quiet = bool(ctx.params.get("quiet"))
        with worded(self._written), messages_shown(quiet=quiet):
            refuse_excluded(ctx)
            return super().invoke(ctx)

    def _written(self, name: str, value: Any) -> str | None:
        """Write a setting as a flag, if the command has it."""
        if name not in options_of(self):
            return None
        flag = f"--{name.replace('_', '-')}"
        return flag if value in (None, True) else f"{flag} {value}"


class Group(click.Group):
    """A group of such commands."""

    command_class = Command


command = functools.partial(click.command, cls=Command)
option = functools.partial(click.option, cls=Option)


def options_of(command: click.Command) -> dict[str, Option]:
    """Return the options of a command by each of their names."""
    return {name: p for p in command.params if isinstance(p, Option) for name in long_names(p)}


def defaults_from(values: Mapping[str, Any], context: click.Context, where: str) -> dict[str, Any]:
    """Return the values of a TOML file by the names that click has for them.

    Raises:
        UsageError: an unknown name, one of a setting that has another name there, or a list where
            one value is wanted.
    """
    known = {n: one for n, one in options_of(context.command).items() if n != "config"}
    reject_unknown(values, known, where=where)
    defaults = dict[str, Any]()
    for name, value in values.items():
        found = known[name]
        if found.name in defaults:
            raise UsageError(f"{where}: {name} is another name of {usual_name(found)}; give one")
        try:
            defaults[str(found.name)] = found.from_toml(value)
        except UsageError as error:
            raise UsageError(f"{where}: {error}") from None
    return defaults


def _listed(written: str) -> list[Any]:
    """Return the values in a variable: those of a JSON list, or all of it."""
    try:
        values = json.loads(written)
    except (ValueError, RecursionError):
        return [written]
    return values if isinstance(values, list) else [written]
