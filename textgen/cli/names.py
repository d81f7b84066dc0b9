"""What people call the options of a command."""

import os

import click
from click.core import ParameterSource


def long_names(parameter: click.Parameter) -> list[str]:
    """Return the long names of an option, the usual one first, as settings are written."""
    return [flag[2:].replace("-", "_") for flag in parameter.opts if flag.startswith("--")]


def usual_name(parameter: click.Parameter) -> str:
    """Return what an option is called, or an argument that stands for one."""
    return (long_names(parameter) or [str(parameter.name).removesuffix("_argument")])[0]


def source_of(context: click.Context, parameter: click.Parameter) -> ParameterSource | None:
    """Return where the value of an option comes from."""
    return context.get_parameter_source(str(parameter.name))


def told_name(context: click.Context, parameter: click.Parameter) -> str:
    """Return what an option is called, with the variable that set it, if one did."""
    if source_of(context, parameter) is not ParameterSource.ENVIRONMENT:
        return usual_name(parameter)
    variable = next(one for one in parameter.envvar or () if one in os.environ)
    return f"{usual_name(parameter)} (set by {variable})"
