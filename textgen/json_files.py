"""Small JSON files."""

import json
from pathlib import Path
from typing import Any

from textgen.errors import DataError

LARGEST_JSON = 1 << 20  # bytes


def to_json(value: Any) -> bytes:
    """Encode a value as indented UTF-8 JSON that ends with a newline.

    A lone surrogate, as in the name of a file that is not UTF-8, becomes a JSON escape.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    return text.encode(errors="backslashreplace")


def read_json(path: Path) -> dict[str, Any]:
    """Read a small JSON object.

    Raises:
        DataError: the file is too large, or holds no JSON object.
    """
    if path.stat().st_size > LARGEST_JSON:
        raise DataError(f"{path}: larger than any such file ({LARGEST_JSON} bytes)")
    try:
        value = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not JSON ({error})") from None
    if not isinstance(value, dict):
        raise DataError(f"{path}: not a JSON object")
    return value
