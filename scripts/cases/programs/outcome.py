"""Tells what came of calls, a line of JSON for each, to the case that reads them."""

import json
from collections.abc import Callable
from typing import Any


def tell(name: str, value: Any = None, error: BaseException | None = None) -> None:
    """Print one outcome: a value that JSON knows, or an exception with its class."""
    row: dict[str, Any] = {"outcome": name, "value": value, "error": None, "message": ""}
    if error is not None:
        kinds = [f"{kind.__module__}.{kind.__name__}" for kind in type(error).__mro__]
        row |= {"error": type(error).__name__, "kinds": kinds, "message": str(error)}
    print(json.dumps(row, default=str), flush=True)


def attempt(name: str, call: Callable[..., Any], *arguments: Any) -> None:
    """Call with arguments, and tell what came of it."""
    try:
        value = call(*arguments)
    except Exception as error:
        tell(name, error=error)
    else:
        tell(name, value)
