"""Names of options: as flags, settings and environment variables write them."""

import os
from typing import Any

import click
from click.core import ParameterSource


def long_names(parameter: click.Parameter) -> list[str]:
    """Return the long names of an option as settings write them, the usual one first."""
    return [flag[2:].replace("-", "_") for flag in parameter.opts if flag.startswith("--")]


def usual_name(parameter: click.Parameter) -> str:
    """Return the usual name of an option, or of an argument that stands for one."""
    return (long_names(parameter) or [str(parameter.name).removesuffix("_argument")])[0]


def source_of(context: click.Context, parameter: click.Parameter) -> ParameterSource | None:
    """Return the source of an option's value: command line, environment, TOML file or default."""
    return context.get_parameter_source(str(parameter.name))


def value_of(context: click.Context, parameter: click.Parameter) -> Any:
    """Return the value of a parameter, which may be one of the command's `settings`."""
    name = str(parameter.name)
    return context.params.get("settings", {}).get(name, context.params.get(name))


def is_default(context: click.Context, name: str) -> bool:
    """Tell whether nobody chose a value for the parameter with this name."""
    return context.get_parameter_source(name) is ParameterSource.DEFAULT


def name_with_source(context: click.Context, parameter: click.Parameter) -> str:
    """Return the name of an option; where an environment variable set it, with that variable."""
    if source_of(context, parameter) is not ParameterSource.ENVIRONMENT:
        return usual_name(parameter)
    variable = next(name for name in parameter.envvar or () if name in os.environ)
    return f"{usual_name(parameter)} (set by {variable})"
