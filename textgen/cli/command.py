"""Commands and options: an option is a flag, an environment variable and a key of a TOML file.

A value means the same in all three. Error messages name a setting by its flag.
"""

import functools
import json
from collections.abc import Mapping
from typing import Any

import click

from textgen.cli.combinations import refuse_excluded
from textgen.cli.help import HELP_OPTIONS, GroupedHelp
from textgen.cli.messages import messages_shown
from textgen.cli.names import is_default, long_names, usual_name
from textgen.cli.param_types import CommaList
from textgen.config.base import reject_unknown
from textgen.config.values import several
from textgen.errors import UsageError, worded

# Advice against too many arguments, by the name of the argument that the command takes.
HINTS = {
    "prompt_argument": "quote a PROMPT of several words",
    "text": "quote a TEXT of several words",
}


class Option(click.Option):
    """An option that can also be set as `TEXTGEN_<NAME>`, by each of its long names.

    A variable holds one value, white space included. For an option that takes several values it may
    hold a JSON list of them. An empty variable counts as not set.

    Args:
        declarations: flags and parameter name, as click takes them.
        group: heading in `--help`; empty for one of the first options.
        is_setting: whether the command receives the value in the dictionary `settings`.
        attributes: of `click.Option`.
    """

    def __init__(
        self, *declarations: Any, group: str = "", is_setting: bool = False, **attributes: Any
    ) -> None:
        super().__init__(*declarations, **attributes)
        self.group = group
        self.is_setting = is_setting
        self.envvar = [f"TEXTGEN_{name.upper()}" for name in long_names(self)]

    def value_from_envvar(self, ctx: click.Context) -> Any:
        """Return the value of the environment variable, if it is set."""
        written = self.resolve_envvar_value(ctx)
        if written is None or not (self.multiple or self.nargs > 1):
            return super().value_from_envvar(ctx)
        return _listed(written)

    def from_toml(self, value: Any) -> Any:
        """Return a TOML value for click, which reads a single value as a flag writes it.

        Raises:
            UsageError: a list or a table for an option that holds one value.
        """
        if self.multiple:
            return several(value)
        if self.nargs > 1 or isinstance(self.type, CommaList):
            return value
        if isinstance(value, list | Mapping):
            raise UsageError(f"{usual_name(self)} is {value!r}; it holds one value")
        return str(value).lower() if isinstance(value, bool) else str(value)


class Command(GroupedHelp):
    """A command that checks its arguments together before it runs."""

    allow_extra_args = True

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments, refuse those that do not go together, and collect the settings.

        All of that is done before click calls the function, so that no frame of ours lies between.
        """
        rest = super().parse_args(ctx, args)
        if not ctx.resilient_parsing:  # a shell asks for completions
            self._refuse_surplus(ctx)
            refuse_excluded(ctx)
            self._collect_settings(ctx)
            ctx.with_resource(worded(self._as_flag))
            ctx.with_resource(messages_shown(quiet=bool(ctx.params.get("quiet"))))
        return rest

    def _refuse_surplus(self, ctx: click.Context) -> None:
        """Refuse more arguments than the command takes, with advice."""
        if ctx.args and "corpus" in ctx.params:
            raise click.UsageError(
                f"give one CORPUS, not {ctx.params['corpus']!r} and {ctx.args[0]!r}; name "
                f"their folder, or put a pattern in quotation marks, as '*.txt'",
                ctx,
            )
        if ctx.args:
            hints = "".join(f"; {HINTS[p.name]}" for p in self.params if p.name in HINTS)
            raise click.UsageError(f"unexpected argument {' '.join(ctx.args)!r}{hints}", ctx)

    def _collect_settings(self, ctx: click.Context) -> None:
        """Replace the values of settings by one dictionary of those that were chosen."""
        names = [str(p.name) for p in self.params if isinstance(p, Option) and p.is_setting]
        values = {name: ctx.params.pop(name) for name in names}
        if names:
            chosen = {n: value for n, value in values.items() if not is_default(ctx, n)}
            ctx.params["settings"] = chosen

    def _as_flag(self, name: str, value: Any) -> str | None:
        """Write a setting as a flag, if the command has it."""
        options = {str(option.name): option for option in options_of(self).values()}
        option = (options_of(self) | options).get(name)
        if option is None:
            return None
        flag = f"--{usual_name(option).replace('_', '-')}"
        return flag if value in (None, True) else f"{flag} {value}"


class Group(click.Group):
    """A group of commands of the class `Command`."""

    command_class = Command

    def __init__(self, *arguments: Any, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.context_settings = {**HELP_OPTIONS, **self.context_settings}


command = functools.partial(click.command, cls=Command)
option = functools.partial(click.option, cls=Option)


def options_of(command: click.Command) -> dict[str, Option]:
    """Return the options of a command by each of their names."""
    return {name: p for p in command.params if isinstance(p, Option) for name in long_names(p)}


def defaults_from(values: Mapping[str, Any], context: click.Context, where: str) -> dict[str, Any]:
    """Return the values of a TOML file by the names that click has for them.

    Raises:
        UsageError: an unknown name, two names of one setting, or a list where one value is needed.
    """
    options = {name: o for name, o in options_of(context.command).items() if name != "config"}
    reject_unknown(values, options, where=where)
    defaults = dict[str, Any]()
    for name, value in values.items():
        parameter = options[name]
        if parameter.name in defaults:
            raise UsageError(
                f"{where}: {name} is another name of {usual_name(parameter)}; give one"
            )
        try:
            defaults[str(parameter.name)] = parameter.from_toml(value)
        except UsageError as error:
            raise UsageError(f"{where}: {error}") from None
    return defaults


def _listed(written: str) -> list[Any]:
    """Return the values in a variable: those of a JSON list, else the whole text as one value."""
    try:
        values = json.loads(written)
    except (ValueError, RecursionError):
        return [written]
    return values if isinstance(values, list) else [written]
