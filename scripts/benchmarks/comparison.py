"""Comparisons of ours with a rival, as all benchmarks print them."""

import importlib.util
from collections.abc import Iterable
from typing import Any

import click

Result = dict[str, Any]


def compare(
    rival: str, ours: float, theirs: float | None, unit: str, *, less_is_better: bool = False
) -> Result:
    """Compare a figure of ours with that of a rival.

    Args:
        rival: its name.
        ours: our figure.
        theirs: the rival's figure; None if its library is not installed.
        unit: of both figures.
        less_is_better: for seconds, errors and memory.

    Returns:
        the arguments and their ratio, which is above 1 if ours is better.
    """
    ratio = None
    if theirs is not None:
        ratio = theirs / ours if less_is_better else ours / theirs
    return {"rival": rival, "ours": ours, "theirs": theirs, "ratio": ratio, "unit": unit}


def format_number(value: float | None) -> str:
    """Format a number with three digits, and thousands without fractions; None is "missing"."""
    if value is None:
        return "missing"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def is_installed(library: str) -> bool:
    """Return whether a library can be imported; nothing is imported."""
    return importlib.util.find_spec(library) is not None


def refuse_missing(names: Iterable[str]) -> None:
    """Name the rivals that are not installed.

    Raises:
        click.ClickException: there are some; the exit code becomes 1.
    """
    if missing := ", ".join(names):
        raise click.ClickException(f"not installed: {missing}")
