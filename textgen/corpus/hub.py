"""Data sets on the Hugging Face hub, through the `datasets` library."""

import hashlib
import os
import re
import sys
import textwrap
from dataclasses import dataclass
from typing import Any

from textgen.errors import DataError, MissingInput, UsageError

HUB = "hf:"
LONGEST_MESSAGE = 200  # characters
_NAME = re.compile(r"hf:(?P<id>[\w.-]+/[\w.-]+)(?::(?P<config>[^@:]+))?(?:@(?P<revision>.+))?")


@dataclass(frozen=True)
class HubPart:
    """A split of a hub set, downloaded.

    Attributes:
        rows: the `datasets.Dataset`.
        revision: the commit that it is of.
        name: what people call it.
        hub_split: what the hub calls the split.
        split: the split of ours that it goes into, if its name says so.
    """

    rows: Any
    revision: str
    name: str
    hub_split: str
    split: str | None = None
    form: str = "hub"

    def fingerprint(self) -> str:
        """Return a SHA-256 that follows from the commit and the split."""
        return hashlib.sha256(f"{self.name} {self.revision}".encode()).hexdigest()


def import_datasets(what: str) -> Any:
    """Import Hugging Face `datasets`, which is slow, and keep it from reporting our users.

    Args:
        what: needs it, for the error.

    Raises:
        UsageError: it is not installed.
    """
    os.environ.setdefault("HF_UPDATE_DOWNLOAD_COUNTS", "0")
    try:
        import datasets
    except ImportError:
        raise UsageError(
            f"reading {what} needs datasets, which is not installed; install textgen-lstm with "
            f"its extra 'corpora', or give .txt or .jsonl"
        ) from None
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)  # its errors reach us as exceptions
    if not sys.stderr.isatty():
        datasets.disable_progress_bars()
    return datasets


def open_hub(name: str) -> tuple[str, list[HubPart]]:
    """Download a data set, or find it in the library's cache.

    Args:
        name: `hf:org/name`, with `:config` and `@revision` if they are wanted.

    Returns:
        the name with the commit that was found, and the splits.

    Raises:
        UsageError: not such a name, or no such configuration.
        MissingInput: no such data set or revision.
        DataError: its files cannot be read.
        OSError: the hub cannot be reached.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise UsageError(f"{name!r} names no data set; write hf:org/name[:config][@revision]")
    datasets = import_datasets(HUB)
    try:
        builder = datasets.load_dataset_builder(
            match["id"], name=match["config"], revision=match["revision"]
        )
        builder.download_and_prepare()
        splits = builder.as_dataset()
    except FileNotFoundError as error:
        raise MissingInput(f"{name}: {_brief(error)}") from None
    except OSError as error:
        raise ConnectionError(f"{name}: {_brief(error)}") from None
    except ValueError as error:
        raise UsageError(f"{name}: {_brief(error)}") from None
    except Exception as error:  # what the library raises for damaged files has no class in common
        raise DataError(f"{name}: {_brief(error)}") from None
    revision = str(builder.hash)
    whole = f"{HUB}{match['id']}:{builder.config.name}@{revision}"
    parts = [HubPart(rows, revision, f"{whole} {split}", split) for split, rows in splits.items()]
    return whole, parts


def _brief(error: Exception) -> str:
    """Return the beginning of a message on one line; the library's go on for pages."""
    return textwrap.shorten(str(error) or type(error).__name__, LONGEST_MESSAGE)
