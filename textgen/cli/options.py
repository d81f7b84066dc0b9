"""Options made from configurations, and what all commands share."""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_type_hints

import click
from click.core import ParameterSource

from textgen.cli.command import defaults_from, option
from textgen.cli.param_types import CommaList, PathName, value_type
from textgen.config.base import Config
from textgen.config.model import PACKAGED_MODEL, PRECISIONS
from textgen.config.toml import read_toml
from textgen.config.values import is_tuple_type, several

Function = Callable[..., Any]


def config_options(
    *configs: type[Config], shown: Mapping[str, Any] = MappingProxyType({})
) -> Callable[[Function], Function]:
    """Give a command an option for every field of some configurations.

    The command receives those that were chosen, on the command line, in the environment
    (`TEXTGEN_<OPTION>`) or in the file named by `--config`, as the dictionary `settings`. The help
    tells the defaults of the configurations, or those `shown` that the command has instead.
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
                default = shown.get(field.name, field.default)
                decorated = _option(field, hints[field.name], default)(decorated)
        return _toml_option(decorated)

    return decorate


def model_option(
    default: Path | None = PACKAGED_MODEL,
    shown: str = "a small model of English, which comes with textgen",
) -> Callable[[Function], Function]:
    """Give a command `-m/--model`; without it that is the model in the package."""
    return option(
        "-m",
        "--model",
        show_envvar=True,
        type=PathName(),
        default=default,
        show_default=shown,
        help="Model folder.",
    )


def precision_option(default: str | None = None) -> Callable[[Function], Function]:
    """Give a command `--precision`; without a default it is what the model is best run in."""
    return option(
        "--precision",
        type=click.Choice(PRECISIONS),
        default=default,
        show_default=bool(default) or "int8 where it costs the model little",
        help="Numbers to compute with: int8 is two to three times as fast, fp32 exact.",
    )


def label_option(command: Function) -> Function:
    """Give a command `--label`."""
    return option(
        "--label",
        "labels",
        multiple=True,
        metavar="[COLUMN=]NAME[:WEIGHT]",
        help="Kind of text, of those that the model was trained with (--label-column); several, "
        "with weights from 0 to 1, are mixed.",
    )(command)


def quiet_option(command: Function) -> Function:
    """Give a command `-q/--quiet`."""
    return option(
        "-q",
        "--quiet",
        is_flag=True,
        help="Show nothing but results and errors.",
    )(command)


def overwrite_option(command: Function) -> Function:
    """Give a command `--overwrite`."""
    return option(
        "--overwrite",
        is_flag=True,
        help="Move what stands at the output aside (to NAME.old) instead of refusing.",
    )(command)


def _option(
    field: "dataclasses.Field[Any]", hint: Any, default: Any
) -> Callable[[Function], Function]:
    """Make the option of one field."""
    kind = value_type(hint, field.metadata["choices"])
    multiple = is_tuple_type(hint) and not isinstance(kind, CommaList)
    name = field.name.replace("_", "-")
    return option(
        f"--{name}/--no-{name}" if kind is bool else f"--{name}",
        *field.metadata["flags"],
        field.name,
        type=kind,
        multiple=multiple,
        default=_written(default, kind),
        show_default=_shown_default(field, multiple=multiple),
        help=field.metadata["help"],
    )


def _shown_default(field: "dataclasses.Field[Any]", *, multiple: bool) -> bool | str:
    """Return what the help says of a default, or that click shall show it."""
    if field.metadata["is_fitted"]:
        return "by --size"
    return ", ".join(map(repr, several(field.default))) or True if multiple else True


def _written(default: Any, kind: Any) -> Any:
    """Return a default as a person would write it."""
    if isinstance(kind, CommaList):
        return kind.separator.join(map(str, default)) or None
    return f"{default:g}" if isinstance(default, float) else default


def _toml_option(command: Function) -> Function:
    """Give a command `--config FILE`: its options, as a TOML table of names and values."""
    return option(
        "--config",
        type=PathName(is_file=True),
        is_eager=True,
        expose_value=False,
        callback=_read_toml,
        help="TOML file with values for these options; flags and environment override it.",
    )(command)


def _read_toml(context: click.Context, parameter: click.Parameter, path: Path | None) -> None:
    """Make the values of a TOML file the command's defaults."""
    if path is None:
        return
    values = defaults_from(read_toml(path), context, str(path))
    context.default_map = {**(context.default_map or {}), **values}
