"""The text that a command is given: as argument, option, file or on standard input."""

import sys
from pathlib import Path
from typing import Any

from textgen.config.corpus import TextPolicy
from textgen.errors import DataError, UsageError


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
        return _read_file(file)
    text = option if option is not None else argument or ""
    return read_standard_input() if text == "-" else text


def read_named_files(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings in which `@` and the name of a file stands for what is in it.

    Raises:
        MissingInput, DataError: it cannot be read.
    """
    named = {
        name: value
        for name in ("json_schema", "grammar")
        if (value := settings.get(name)) and value.startswith("@")
    }
    return settings | {name: _read_file(Path(value[1:])) for name, value in named.items()}


def _read_file(file: Path) -> str:
    """Read all of a text file."""
    from textgen.corpus.reader import read_text

    return "".join(read_text(file, TextPolicy(normalize="none")))


def read_standard_input() -> str:
    """Return all of standard input.

    Raises:
        DataError: it is not UTF-8.
    """
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as error:
        raise DataError(f"standard input: byte {error.start} is not utf-8") from None
