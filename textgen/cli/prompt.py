"""Readers of text from an argument, an option, a file or standard input."""

import sys
from codecs import BOM_UTF8
from pathlib import Path
from typing import Any

from textgen.errors import DataError, UsageError
from textgen.paths import named


def read_prompt(argument: str | None, option: str | None, file: Path | None) -> str:
    """Return the prompt; empty if none was given.

    Args:
        argument: the prompt as argument; "-" is standard input.
        option: the prompt as option; "-" is standard input.
        file: file with the prompt.

    Raises:
        UsageError: more than one of the three was given.
        DataError: the file or standard input is not UTF-8.
    """
    sources = [source for source in (argument, option, file) if source is not None]
    if len(sources) > 1:
        raise UsageError("more than one prompt; give it as argument, with -p or with -f")
    if file is not None:
        return _decoded(file.read_bytes(), str(file))
    text = option if option is not None else argument or ""
    return read_standard_input() if text == "-" else text


def read_named_files(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings, with the content of a file in the place of `@FILE`.

    Raises:
        FileNotFoundError: the file does not exist.
        DataError: the file is not UTF-8.
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
    """Return the whole of standard input.

    Raises:
        DataError: standard input is not UTF-8.
    """
    return _decoded(sys.stdin.buffer.read(), "standard input")


def _decoded(data: bytes, name: str) -> str:
    """Decode UTF-8.

    Args:
        data: the bytes.
        name: the place that an error names.
    """
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        bad = data[error.start : error.end].hex(" ")
        raise DataError(
            f"{name}:{line}: byte {error.start} ({bad}) is not utf-8; convert the text first, as "
            f"with 'iconv -f cp1252 -t utf-8'"
        ) from None
