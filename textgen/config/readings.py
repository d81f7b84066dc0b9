"""What programs have in the place of a setting's value, and the value that it stands for."""

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
    """Return the text of a JSON schema that is a dictionary.

    Raises:
        UsageError: it holds what JSON cannot.
    """
    if not isinstance(value, Mapping):
        return value
    try:
        return json.dumps(dict(value), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"json_schema holds what JSON cannot: {brief(error)}") from None


def pattern(value: Any) -> Any:
    """Return the text of a pattern that `re` has compiled.

    Raises:
        UsageError: it has flags.
    """
    if not isinstance(value, re.Pattern):
        return value
    flags = re.RegexFlag(value.flags & ~re.UNICODE)
    if flags:
        raise UsageError(
            f"the pattern {value.pattern!r} was compiled with {flags!r}; write that into it, as "
            f"'(?i)abc'"
        )
    return value.pattern


def seconds(value: Any) -> Any:
    """Return the text of a length of time that is a number of seconds or a `timedelta`."""
    time = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(time, bool) or not isinstance(time, Real):
        return value
    return f"{exact(converted('time', time, float))}s"


def no_limit(value: Any) -> Any:
    """Return 0, which is no limit, for an infinite one."""
    return 0.0 if isinstance(value, Real) and value == math.inf else value
