"""Identities of files: size and SHA-256."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def identity(data: bytes) -> dict[str, Any]:
    """Return size and SHA-256 of a file's content."""
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def file_identity(path: Path) -> dict[str, Any]:
    """Return size and SHA-256 of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"bytes": os.fstat(file.fileno()).st_size, "sha256": digest}


def changed_file(folder: Path, identities: Mapping[str, Any], names: Iterable[str]) -> str | None:
    """Return the first file whose size or SHA-256 differs from its record, if there is one.

    Args:
        folder: holds the files.
        identities: recorded results of `identity`, by file name.
        names: of the files to compare.
    """
    changed = (n for n in names if identities.get(n) != file_identity(folder / n))
    return next(changed, None)
