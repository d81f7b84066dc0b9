"""Reader of TOML files, which hold options and corpus recipes."""

import tomllib
from pathlib import Path
from typing import Any

from textgen.errors import MissingInput, UsageError


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        MissingInput: the file does not exist.
        UsageError: the file is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MissingInput(f"{path}: no such file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not a TOML file: {error}") from None
