"""Sets of the hub that were read before, so that they can be read again without it.

The library's cache holds their files; this one holds which files of which commit make a set, and
the names that led to the commit. The library forgets both.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import platformdirs

from textgen.corpus.hub.hub_dataset import SHORT, HubDataset, HubName
from textgen.errors import DataError, MissingInput
from textgen.files import make_folder, write_file
from textgen.json_files import to_json

_ABBREVIATED = re.compile(r"[0-9a-f]{7,40}")


def remember(name: HubName, found: HubDataset) -> None:
    """Keep a set, and that this name led to it.

    Raises:
        OSError: the disk refused.
    """
    folder = _folder(name.id)
    make_folder(folder / "names")
    for config in {name.config, found.config}:
        write_file(_set_file(folder, found.revision, config), to_json(found.to_json()))
    write_file(_name_file(folder, name.revision), to_json({"commit": found.revision}))


def recall(name: HubName, commit: str) -> HubDataset | None:
    """Return a set at a commit, if it was kept whole."""
    found = _recalled(_set_file(_folder(name.id), commit, name.config))
    return found if found and (found.id, found.revision) == (name.id, commit) else None


def recall_by_name(name: HubName) -> HubDataset:
    """Return the set that a name last led to; a commit may be abbreviated.

    Raises:
        MissingInput: it was not read before, or in another configuration or revision only.
    """
    folder = _folder(name.id)
    for commit in _commits(folder, name.revision):
        if found := recall(name, commit):
            return found
    others = [_recalled(path) for path in sorted(folder.glob("*.json"))]
    there = dict.fromkeys(f"{other.config}@{other.revision[:SHORT]}" for other in others if other)
    raise MissingInput(
        f"{name}: not in the cache, and this is offline (HF_HUB_OFFLINE, HF_DATASETS_OFFLINE); "
        f"of {name.id} the cache holds: {', '.join(there) or 'nothing'}"
    )


def _commits(folder: Path, revision: str) -> set[str]:
    """Return the commit that a revision means; none if that is not known, or not clear."""
    match _read(_name_file(folder, revision)):
        case {"commit": str(commit)}:
            return {commit}
    kept = {path.name.partition(".")[0] for path in folder.glob("*.json")}
    meant = {c for c in kept if _ABBREVIATED.fullmatch(revision) and c.startswith(revision)}
    return meant if len(meant) == 1 else set()


def _folder(set_id: str) -> Path:
    """Return the place of a set in the cache."""
    return Path(platformdirs.user_cache_dir("textgen")) / "hub" / set_id.replace("/", "--")


def _set_file(folder: Path, commit: str, config: str | None) -> Path:
    """Return the place of what a name with this configuration, or none, means at a commit."""
    return folder / f"{commit}.{_digest(config or '')}.json"


def _name_file(folder: Path, revision: str) -> Path:
    """Return the place where is kept what a revision means."""
    return folder / "names" / f"{_digest(revision)}.json"


def _digest(name: str) -> str:
    """Return a file name for a name that may hold anything, of any length."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def _recalled(path: Path) -> HubDataset | None:
    """Return the set that a file of the cache describes, unless it is damaged."""
    try:
        return HubDataset.from_json(_read(path))
    except DataError:
        return None


def _read(path: Path) -> Any:
    """Return what a file of the cache holds; None, if it is damaged or not there."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
