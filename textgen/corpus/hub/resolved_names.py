"""A cache of hub datasets that were resolved before, for reading them again offline.

The library's cache holds their files. This one holds what the library forgets: the files of a
dataset at a commit, and the names that led to the commit.
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


def remember(name: HubName, dataset: HubDataset) -> None:
    """Store a dataset under its commit, and the name that led to it.

    Raises:
        OSError: the disk refused.
    """
    folder = _folder(name.id)
    make_folder(folder / "names")
    for config in {name.config, dataset.config}:
        write_file(_dataset_file(folder, dataset.revision, config), to_json(dataset.to_json()))
    write_file(_name_file(folder, name.revision), to_json({"commit": dataset.revision}))


def recall(name: HubName, commit: str) -> HubDataset | None:
    """Return a dataset at a commit, if it is in the cache and undamaged."""
    dataset = _recalled(_dataset_file(_folder(name.id), commit, name.config))
    if dataset and (dataset.id, dataset.revision) == (name.id, commit):
        return dataset
    return None


def recall_by_name(name: HubName) -> HubDataset:
    """Return the dataset that a name last led to; a commit may be abbreviated.

    Raises:
        MissingInput: it was never read, or only in another configuration or revision.
    """
    folder = _folder(name.id)
    for commit in _commits(folder, name.revision):
        if dataset := recall(name, commit):
            return dataset
    others = [_recalled(path) for path in sorted(folder.glob("*.json"))]
    there = dict.fromkeys(f"{other.config}@{other.revision[:SHORT]}" for other in others if other)
    raise MissingInput(
        f"{name}: not in the cache, and this is offline (HF_HUB_OFFLINE, HF_DATASETS_OFFLINE); "
        f"of {name.id} the cache holds: {', '.join(there) or 'nothing'}"
    )


def _commits(folder: Path, revision: str) -> set[str]:
    """Return the commit that a revision means; none if that is unknown or ambiguous."""
    match _read(_name_file(folder, revision)):
        case {"commit": str(commit)}:
            return {commit}
    commits = {path.name.partition(".")[0] for path in folder.glob("*.json")}
    meant = {c for c in commits if _ABBREVIATED.fullmatch(revision) and c.startswith(revision)}
    return meant if len(meant) == 1 else set()


def _folder(set_id: str) -> Path:
    """Return the folder of a dataset in the cache."""
    return Path(platformdirs.user_cache_dir("textgen")) / "hub" / set_id.replace("/", "--")


def _dataset_file(folder: Path, commit: str, config: str | None) -> Path:
    """Return the file of a dataset at a commit, for names with this configuration or none."""
    return folder / f"{commit}.{_digest(config or '')}.json"


def _name_file(folder: Path, revision: str) -> Path:
    """Return the file of the commit that a revision means."""
    return folder / "names" / f"{_digest(revision)}.json"


def _digest(name: str) -> str:
    """Return a file name for any text."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def _recalled(path: Path) -> HubDataset | None:
    """Return the dataset in a file of the cache; None if the file is damaged or missing."""
    try:
        return HubDataset.from_json(_read(path))
    except DataError:
        return None


def _read(path: Path) -> Any:
    """Return the JSON in a file of the cache; None if it is damaged or missing."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
