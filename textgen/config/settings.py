"""Sharing settings given by name out among the configurations that know them."""

from collections.abc import Mapping
from typing import Any

from textgen.config.base import Config, reject_unknown


def share_out(settings: Mapping[str, Any], *configs: type[Config]) -> tuple[dict[str, Any], ...]:
    """Return for each configuration the settings that are its own.

    Raises:
        UsageError: a setting that none of them knows.
    """
    reject_unknown(settings, [name for config in configs for name in config.names()])
    return tuple(
        {name: settings[name] for name in config.names() if name in settings} for config in configs
    )
