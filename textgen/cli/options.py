"""Options made from configurations, and what all commands share."""

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import click
from click.core import ParameterSource

from textgen.config.base import Config, inner_type, is_tuple_type, reject_unknown
from textgen.config.toml import read_toml
from textgen.errors import MissingInput

Function = Callable[..., Any]


def config_options(*configs: type[Config]) -> Callable[[Function], Function]:
    """Give a command an option for every field of some configurations.

    The command receives those that were chosen, on the command line, in the environment
    (`TEXTGEN_<OPTION>`) or in the file named by `--config`, as the dictionary `settings`.
    """

    def decorate(command: Function) -> Function:
        names = {name for config in configs for name in config.names()}

        @functools.wraps(command)
        def with_settings(*args: Any, **values: Any) -> Any:
            context = click.get_current_context()
            chosen = {
                name
                for name in names
                if context.get_parameter_source(name) is not ParameterSource.DEFAULT
            }
            settings = {name: values[name] for name in chosen}
            others = {name: value for name, value in values.items() if name not in names}
            return command(*args, settings=settings, **others)

        decorated: Function = with_settings
        for config in reversed(configs):
            hints = get_type_hints(config)
            for field in reversed(dataclasses.fields(config)):
                decorated = _option(field, hints[field.name])(decorated)
        return _toml_option(decorated)

    return decorate


def model_option(command: Function) -> Function:
    """Give a command `-m/--model`."""
    return click.option(
        "-m",
        "--model",
        envvar="TEXTGEN_MODEL",
        show_envvar=True,
        type=click.Path(path_type=Path),
        help="Model folder.",
    )(command)


def require_model(model: Path | None) -> Path:
    """Return the model folder that was named.

    Raises:
        MissingInput: none was; the message says how to get one.
    """
    if model is None:
        raise MissingInput(
            "no model named; pass -m MODEL or set TEXTGEN_MODEL "
            "('textgen train CORPUS -o MODEL' makes one)"
        )
    return model


def quiet_option(command: Function) -> Function:
    """Give a command `-q/--quiet`."""
    return click.option(
        "-q", "--quiet", is_flag=True, envvar="TEXTGEN_QUIET", help="Show no progress."
    )(command)


def overwrite_option(command: Function) -> Function:
    """Give a command `--overwrite`."""
    return click.option(
        "--overwrite",
        is_flag=True,
        envvar="TEXTGEN_OVERWRITE",
        help="Move what stands at the output aside (to NAME.old) instead of refusing.",
    )(command)


class NumberList(click.ParamType[tuple[int, ...]]):
    """Whole numbers with commas between them, or a list of them from a TOML file."""

    name = "integer[,...]"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, ...]:
        """Read `512`, `512,256` or `[512, 256]`."""
        parts = value.split(",") if isinstance(value, str) else value
        try:
            return tuple(int(p) for p in (parts if isinstance(parts, list | tuple) else [parts]))
        except (TypeError, ValueError):
            self.fail(f"{value!r} is not a list of whole numbers like 512,256", param, ctx)


class NameList(click.ParamType[tuple[str, ...]]):
    """Names with commas between them, or a list of them from a TOML file; the field checks them."""

    name = "names"

    def __init__(self, choices: tuple[str, ...]) -> None:
        self._choices = choices

    def get_metavar(self, param: Any, ctx: Any) -> str:
        """Show the legal names in the help."""
        return f"[{'|'.join(self._choices)}][,...]"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, ...]:
        """Read `tanh,relu` or `["tanh", "relu"]`; an empty text names nothing."""
        names = value.split(",") if value and isinstance(value, str) else value or ()
        return tuple(names) if isinstance(names, list | tuple) else (names,)


def _option(field: "dataclasses.Field[Any]", hint: Any) -> Callable[[Function], Function]:
    """Make the option of one field."""
    kind = inner_type(hint)
    several, choices = is_tuple_type(hint), field.metadata["choices"]
    texts = several and kind is str and not choices
    shown: Any = kind
    if several and choices:
        shown = NameList(choices)
    elif choices:
        shown = click.Choice(choices)
    elif several and not texts:
        shown = NumberList()
    default: Any = field.default
    if several and not texts:
        default = ",".join(map(str, default)) or None  # as a person would write it
    name = field.name.replace("_", "-")
    return click.option(
        f"--{name}/--no-{name}" if kind is bool else f"--{name}",
        *field.metadata["flags"],
        field.name,
        type=shown,
        multiple=texts,
        default=default,
        show_default=True,
        envvar=f"TEXTGEN_{field.name.upper()}",
        help=field.metadata["help"],
    )


def _toml_option(command: Function) -> Function:
    """Give a command `--config FILE`: its options, as a TOML table of names and values."""
    return click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        is_eager=True,
        expose_value=False,
        callback=_read_toml,
        envvar="TEXTGEN_CONFIG",
        help="TOML file with values for these options; flags and environment override it.",
    )(command)


def _read_toml(context: click.Context, parameter: click.Parameter, path: Path | None) -> None:
    """Make the values of a TOML file the command's defaults."""
    if path is None:
        return
    values = read_toml(path)
    known = [p.name for p in context.command.params if isinstance(p, click.Option) and p.name]
    reject_unknown(values, [name for name in known if name != parameter.name], where=str(path))
    context.default_map = {**(context.default_map or {}), **values}
