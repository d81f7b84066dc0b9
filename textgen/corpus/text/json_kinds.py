"""JSON in the place of text: its kinds, and the commands that turn it into rows."""

import json
import re
from typing import Any

from textgen.corpus.jq_path import jq_path
from textgen.corpus.text.signatures import Kind

NAMES = (".json", ".ipynb")
_LONGEST_WORD = 8  # characters; more than those of a literal or an escape of JSON

_LINES = Kind("JSON with an object a line", "put it into a file whose name ends with .jsonl")
_UNREADABLE = Kind(
    "JSON that cannot be read",
    "write an object a line as .jsonl, or let the name of prose end with .txt",
)


def find_json(text: str, suffix: str, *, is_cut: bool) -> Kind | None:
    """Return the kind of JSON that a text is, with a remedy; None if it is prose.

    Args:
        text: the beginning of a file.
        suffix: the end of its name; a file named .json is never prose.
        is_cut: whether the file goes on after it.
    """
    text, otherwise = text.strip(), _UNREADABLE if suffix in NAMES else None
    if text[:1] not in ("[", "{"):
        return otherwise
    try:
        value, end = _DECODER.raw_decode(text)
    except RecursionError:
        return otherwise
    except json.JSONDecodeError as error:
        return _of_cut(text) if is_cut and _is_cut(error) else otherwise
    if end == len(text):
        return _of(value)
    return _LINES if isinstance(value, dict) and _is_line(text[end:], is_cut) else otherwise


def _is_line(rest: str, is_cut: bool) -> bool:
    """Return whether another object follows in a line of its own."""
    start = re.match(r"[ \r]*\n\s*", rest)
    if start is None:
        return False
    try:
        return isinstance(_DECODER.raw_decode(rest[start.end() :])[0], dict)
    except RecursionError:
        return False
    except json.JSONDecodeError as error:
        return is_cut and _is_cut(error)


def _is_cut(error: json.JSONDecodeError) -> bool:
    """Return whether JSON is wrong only because its end is missing."""
    return error.msg.startswith("Unterminated string") or len(error.doc) - error.pos < _LONGEST_WORD


def _of_cut(text: str) -> Kind:
    """Return the kind of JSON whose beginning alone is known."""
    if text[0] == "{":
        key = re.search(r'"([^"\\]+)"\s*:\s*\[\s*\{', text)
        return _of({key[1]: [{}]} if key else {})
    return _of([{}] if text[1:].lstrip()[:1] == "{" else [None])


def _of(value: Any) -> Kind:
    """Return the kind of a list or an object."""
    if isinstance(value, list):
        return Kind("a JSON list", _rows_of(".", value))
    if {"cells", "nbformat"} <= value.keys():
        return Kind("a Jupyter notebook", "save it as text: jupyter nbconvert --to markdown")
    lists = {key: held for key, held in value.items() if isinstance(held, list) and held}
    for key, held in lists.items():
        if isinstance(held[0], dict):
            return Kind("a JSON object", _rows_of(jq_path(key), held))
    return Kind("a JSON object", "write it in one line of a .jsonl file, with jq -c .")


def _rows_of(path: str, items: list[Any]) -> str:
    """Return the remedy that turns the items of a list into rows."""
    as_rows = "" if items and isinstance(items[0], dict) else " | {text: .}"
    return f"write an object a line as .jsonl, with jq -c '{path}[]{as_rows}'"


_DECODER = json.JSONDecoder(parse_int=str)
