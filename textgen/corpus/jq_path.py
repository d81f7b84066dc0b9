"""Paths into JSON as the program jq writes them."""

import json


def jq_path(name: str) -> str:
    """Return jq's path to a member of an object."""
    return f".{name}" if name.isidentifier() and name.isascii() else f".{json.dumps(name)}"
