"""Lengths of time are read and written as people do."""

import pytest

from textgen.config.duration import format_duration, parse_duration
from textgen.errors import UsageError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("10m", 600), ("1.5h", 5400), ("1h30m", 5400), ("2m30s", 150)],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0m", "-5m", "5 minutes", "m", "1d", "5mm"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no length of time"):
        parse_duration(text)


def test_durations_are_written() -> None:
    assert [format_duration(s) for s in (4.4, 245, 3720)] == ["4s", "4m 05s", "1h 02m"]
