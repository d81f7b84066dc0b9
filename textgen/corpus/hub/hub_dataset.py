"""A dataset of the Hugging Face hub at a commit, and its name."""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from textgen.errors import DataError, UsageError

HUB = "hf:"
MAIN = "main"  # the branch that every dataset has
COMMIT = re.compile(r"[0-9a-f]{40}")
SHORT = 12  # digits of a commit in messages
_NAME = re.compile(
    r"hf:(?P<id>[\w.-]+/[\w.-]+)"
    r"(?::(?P<config>[^@:\0-\x1f\ud800-\udfff]+))?(?:@(?P<revision>[^\0-\x20\ud800-\udfff]+))?"
)


class HubName(NamedTuple):
    """The name of a dataset as people write it.

    Attributes:
        id: `org/name`.
        config: one of its configurations, if one was named.
        revision: a branch, tag or commit; main if none was named.
    """

    id: str
    config: str | None = None
    revision: str = MAIN

    @classmethod
    def parse(cls, name: str) -> "HubName":
        """Read `hf:org/name[:config][@revision]`.

        Raises:
            UsageError: it is written in another way.
        """
        match = _NAME.fullmatch(name)
        if match is None:
            raise UsageError(f"{name!r} names no data set; write hf:org/name[:config][@revision]")
        return cls(match["id"], match["config"], match["revision"] or MAIN)

    def __str__(self) -> str:
        config = f":{self.config}" if self.config else ""
        revision = f"@{self.revision}" if self.revision != MAIN else ""
        return f"{HUB}{self.id}{config}{revision}"


@dataclass(frozen=True)
class HubDataset:
    """A configuration of a dataset at a commit, which cannot change.

    Attributes:
        id: `org/name`.
        config: the configuration's name.
        revision: the commit, 40 hexadecimal digits.
        licence: in its card, or "unknown".
        builder: the builder of Hugging Face `datasets` for its files.
        options: of the builder, from the card; JSON values.
        files: paths in the repository, by split.
    """

    id: str
    config: str
    revision: str
    licence: str
    builder: str
    options: Mapping[str, Any]
    files: Mapping[str, tuple[str, ...]]

    @property
    def name(self) -> str:
        """A name that always means this dataset."""
        return str(HubName(self.id, self.config, self.revision))

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON value."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, value: Any) -> "HubDataset":
        """Read the value of `to_json`.

        Raises:
            DataError: it is something else.
        """
        match value:
            case {
                "id": str(),
                "config": str(),
                "revision": str(),
                "licence": str(),
                "builder": str(),
                "options": dict(),
                "files": dict(files),
                **others,
            } if not others and all(map(_is_paths, files.values())):
                paths = {split: tuple(names) for split, names in files.items()}
                return cls(**{**value, "files": paths})
        raise DataError("not the description of a data set")


def _is_paths(value: Any) -> bool:
    """Return whether a value is a list of texts."""
    return isinstance(value, list) and all(isinstance(path, str) for path in value)
