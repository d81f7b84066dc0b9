"""Safety of the files in a model folder: plain files, or links in the cache of the hub."""

import re
from pathlib import Path

from textgen.errors import UnsafeModel

_BLOB = re.compile(r"\.\./\.\./blobs/[0-9a-f]{40,64}")  # target of a link in the hub's cache


def refuse_strange(path: Path) -> None:
    """Refuse a path that is not a plain file. Links that the hub's client made are allowed.

    Raises:
        UnsafeModel: it is a link, a folder or a device.
    """
    folder = path.parent
    if path.is_symlink() and not _is_of_hub(path):
        raise UnsafeModel(
            f"{path}: a link; a model folder holds plain files alone; 'cp -rL {folder} PLAIN' "
            f"makes a folder of them"
        )
    if path.exists() and not path.is_file():
        raise UnsafeModel(f"{path}: not a plain file; a model folder holds nothing else")


def _is_of_hub(link: Path) -> bool:
    """Return whether a link is one of the hub's cache, to a plain file beside its snapshots."""
    target = link.readlink()
    file = link.parent / target
    is_known = link.parent.parent.name == "snapshots" and _BLOB.fullmatch(str(target))
    return bool(is_known) and file.is_file() and not file.is_symlink()
