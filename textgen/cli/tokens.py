"""Tokens on the command line: `whale` or `#17`, and `whale=2.5` for one with a bias."""

from typing import Any

import click


class TokenParam(click.ParamType[Any]):
    """A token: a text, or `#` and an id."""

    name = "token"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Read `e` or `#17`; what a TOML file gives as a number stays one."""
        if isinstance(value, str) and value.startswith("#") and value[1:].isdecimal():
            return int(value[1:])
        return value


class TokenBiasParam(click.ParamType[Any]):
    """A token and what is added to its logit."""

    name = "token=bias"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Read `e=2.5` or `#17=-1`, or a pair from a TOML file."""
        try:
            token, bias = _split(value) if isinstance(value, str) else value
        except (TypeError, ValueError):
            self.fail(f"{value!r} is not a token and a number like e=2.5 or #17=-1", param, ctx)
        return TokenParam().convert(token, param, ctx), bias


def _split(text: str) -> tuple[str, float]:
    """Split at the last `=`, since a token may hold one."""
    token, _, bias = text.rpartition("=")
    return token, float(bias)
