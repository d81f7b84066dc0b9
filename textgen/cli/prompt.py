"""The text that a command is given: as argument, option, file or on standard input."""

import sys
from codecs import BOM_UTF8
from pathlib import Path
from typing import Any

from textgen.errors import DataError, UsageError
from textgen.paths import named


def read_prompt(argument: str | None, option: str | None, file: Path | None) -> str:
    """Return the text from the one place where it was given; empty if from none.

    Raises:
        UsageError: it was given in more than one place.
        DataError: what was read is not UTF-8.
    """
    given = [source for source in (argument, option, file) if source is not None]
    if len(given) > 1:
        raise UsageError("more than one prompt; give it as argument, with -p or with -f")
    if file is not None:
        return _decoded(file.read_bytes(), str(file))
    text = option if option is not None else argument or ""
    return read_standard_input() if text == "-" else text


def read_named_files(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings in which `@` and the name of a file stands for what is in it.

    Raises:
        MissingInput, DataError: it cannot be read.
    """
    files = {
        name: named(value[1:])
        for name in ("json_schema", "grammar")
        if (value := settings.get(name)) and value.startswith("@")
    }
    return settings | {
        name: _decoded(file.read_bytes().removeprefix(BOM_UTF8), str(file))
        for name, file in files.items()
    }


def read_standard_input() -> str:
    """Return all of standard input.

    Raises:
        DataError: it is not UTF-8.
    """
    return _decoded(sys.stdin.buffer.read(), "standard input")


def _decoded(data: bytes, name: str) -> str:
    """Return bytes as the text that they are."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        bad = data[error.start : error.end].hex(" ")
        raise DataError(
            f"{name}:{line}: byte {error.start} ({bad}) is not utf-8; convert the text first, as "
            f"with 'iconv -f cp1252 -t utf-8'"
        ) from None
