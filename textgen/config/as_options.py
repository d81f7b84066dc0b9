"""Settings written as options of the command line."""

import dataclasses
import shlex
from collections.abc import Iterable
from typing import Any, get_type_hints

from textgen.config.base import Config
from textgen.config.values import inner_type, is_tuple_type


def options_of(config: Config, names: Iterable[str]) -> list[str]:
    """Return settings as options, quoted for a shell.

    Args:
        config: the configuration with the settings.
        names: the settings; those that are None are left out, since no option writes None.
    """
    written: list[str] = []
    for name in names:
        value, flag = getattr(config, name), name.replace("_", "-")
        if isinstance(value, bool):
            written.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            texts = [] if value is None else _texts(config, name, value)
            written += [f"--{flag} {shlex.quote(text)}" for text in texts]
    return written


def _texts(config: Config, name: str, value: Any) -> list[str]:
    """Return the values of a setting as text, one for each time that the option is written."""
    hint = get_type_hints(type(config))[name]
    (choices,) = (f.metadata["choices"] for f in dataclasses.fields(config) if f.name == name)
    if not is_tuple_type(hint):
        return [str(value)]
    if choices or inner_type(hint) is int:
        return [",".join(map(str, value))]
    return ["=".join(item) if isinstance(item, tuple) else str(item) for item in value]
