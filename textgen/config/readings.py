"""Conversion of objects that programs use in the place of a setting's value."""

import json
import math
import re
from collections.abc import Mapping
from datetime import timedelta
from numbers import Real
from typing import Any

from textgen.config.values import converted, exact
from textgen.errors import UsageError, brief


def schema(value: Any) -> Any:
    """Return the JSON text of a schema that is a dictionary.

    Raises:
        UsageError: the dictionary holds values that JSON has no form for.
    """
    if not isinstance(value, Mapping):
        return value
    try:
        return json.dumps(dict(value), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"json_schema has a value that JSON cannot hold: {brief(error)}") from None


def pattern(value: Any) -> Any:
    """Return the text of a compiled pattern of `re`.

    Raises:
        UsageError: the pattern has flags.
    """
    if not isinstance(value, re.Pattern):
        return value
    flags = re.RegexFlag(value.flags & ~re.UNICODE)
    if flags:
        raise UsageError(
            f"the pattern {value.pattern!r} was compiled with {flags!r}; write the flags into the "
            f"pattern, as in '(?i)abc'"
        )
    return value.pattern


def seconds(value: Any) -> Any:
    """Return a number of seconds or a `timedelta` as text, such as '90s'."""
    time = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(time, bool) or not isinstance(time, Real):
        return value
    return f"{exact(converted('time', time, float))}s"


def no_limit(value: Any) -> Any:
    """Return 0, which stands for no limit, in the place of infinity."""
    return 0.0 if isinstance(value, Real) and value == math.inf else value
