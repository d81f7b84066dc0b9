"""Identities of files: size and hash."""

import hashlib
import os
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
