"""Lengths of time as text, such as 90s and 1h30m."""

import re

from textgen.errors import UsageError

_PATTERN = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s?)?")


def parse_duration(text: str) -> float:
    """Return the seconds of a text such as `90`, `90s`, `10m`, `1.5h` or `1h30m`.

    Raises:
        UsageError: the text is no length of time, or the time is zero.
    """
    match = _PATTERN.fullmatch(text.strip())
    hours, minutes, seconds = match.groups(default="0") if match else ("0", "0", "0")
    total = 3600 * float(hours) + 60 * float(minutes) + float(seconds)
    if total <= 0:
        raise UsageError(f"{text!r} is no length of time; write it as 90s, 10m or 1h30m")
    return total


def format_duration(seconds: float) -> str:
    """Return seconds as text, such as `42s`, `4m 05s` or `1h 02m`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02}m"
