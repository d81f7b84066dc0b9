"""Options: those made from configurations, and those that several commands have."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_type_hints

import click

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
    """Give a command an option for every field of some configurations, and `--config`.

    The command receives the values that were chosen as the dictionary `settings`: by a flag, by the
    environment (`TEXTGEN_<OPTION>`) or by the file that `--config` names.

    Args:
        configs: the configurations.
        shown: defaults of the command's own, which the help shows instead of the configurations'.
    """

    def decorate(command: Function) -> Function:
        for config in reversed(configs):
            hints = get_type_hints(config)
            for field in reversed(dataclasses.fields(config)):
                default = shown.get(field.name, field.default)
                command = _option(field, hints[field.name], default)(command)
        return _toml_option(command)

    return decorate


def model_option(
    default: Path | None = PACKAGED_MODEL,
    shown: str = "a small model of English, which comes with textgen",
) -> Callable[[Function], Function]:
    """Give a command `-m/--model`; the default is the model in the package."""
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
    """Give a command `--precision`; without a default, each model names its best precision."""
    return option(
        "--precision",
        group="Model",
        type=click.Choice(PRECISIONS),
        default=default,
        show_default=bool(default) or "int8 where it costs the model little",
        help="Number format of the computation: int8 is two to three times as fast, fp32 is exact.",
    )


def label_option(command: Function) -> Function:
    """Give a command `--label`."""
    return option(
        "--label",
        "labels",
        group="Model",
        multiple=True,
        metavar="[COLUMN=]NAME[:WEIGHT]",
        help="Conditioning label, one that the model was trained with (--label-column); several "
        "labels, with weights from 0 to 1, are mixed.",
    )(command)


def quiet_option(command: Function) -> Function:
    """Give a command `-q/--quiet`."""
    return option(
        "-q",
        "--quiet",
        group="Other",
        is_flag=True,
        help="Show only results and errors.",
    )(command)


def overwrite_option(command: Function) -> Function:
    """Give a command `--overwrite`."""
    return option(
        "--overwrite",
        is_flag=True,
        help="Rename an existing output to NAME.old instead of refusing to write.",
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
        is_setting=True,
        group=field.metadata["group"],
        type=kind,
        multiple=multiple,
        default=_written(default, kind),
        show_default=_shown_default(field, multiple=multiple),
        help=field.metadata["help"],
    )


def _shown_default(field: "dataclasses.Field[Any]", *, multiple: bool) -> bool | str:
    """Return the default that the help shows; True for the option's own."""
    if field.metadata["is_fitted"]:
        return "by --size"
    return ", ".join(map(repr, several(field.default))) or True if multiple else True


def _written(default: Any, kind: Any) -> Any:
    """Return a default as a person writes it."""
    if isinstance(kind, CommaList):
        return kind.separator.join(map(str, default)) or None
    return f"{default:g}" if isinstance(default, float) else default


def _toml_option(command: Function) -> Function:
    """Give a command `--config FILE`: a TOML table with names and values of its options."""
    return option(
        "--config",
        group="Other",
        type=PathName(is_file=True),
        is_eager=True,
        expose_value=False,
        callback=_read_toml,
        help="TOML file with values of these options; flags and the environment override it.",
    )(command)


def _read_toml(context: click.Context, parameter: click.Parameter, path: Path | None) -> None:
    """Make the values of a TOML file defaults of the command."""
    if path is None:
        return
    values = defaults_from(read_toml(path), context, str(path))
    context.default_map = {**(context.default_map or {}), **values}
