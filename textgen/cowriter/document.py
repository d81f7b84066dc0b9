"""The files of a text that is written with its branches: the text, and the tree beside it."""

import json
from pathlib import Path
from typing import Any

from textgen.cowriter.tree import ROOT, TextTree
from textgen.errors import DataError, UsageError
from textgen.files import write_output
from textgen.paths import named

SUFFIX = ".tree.json"


class Document:
    """A text file, and beside it a JSON file with all branches and the settings.

    Args:
        path: of the text.
    """

    def __init__(self, path: Path) -> None:
        self.path = named(path)
        self.tree_path = self.path.with_name(self.path.name + SUFFIX)

    @property
    def is_there(self) -> bool:
        """Whether there is a file of it."""
        return self.path.exists() or self.tree_path.exists()

    @classmethod
    def new(cls, path: Path) -> "Document":
        """Return the document of a text that is not there yet.

        Raises:
            UsageError: the path is empty, or something is there.
        """
        if named(path).is_dir() or (document := cls(path)).is_there:
            raise UsageError(f"{path}: exists already; choose another name")
        return document

    def read(self) -> tuple[TextTree, dict[str, Any]]:
        """Return the tree and its settings; new ones if nothing is there.

        The text file may have been changed elsewhere. Then what it says is another branch.

        Raises:
            DataError: the text is not UTF-8, or the tree is damaged.
        """
        tree, settings = self._read_tree() if self.tree_path.exists() else (TextTree(), {})
        if self.path.exists():
            try:
                text = self.path.read_bytes().decode()
            except UnicodeDecodeError as error:
                raise DataError(f"{self.path}: it is not UTF-8 at byte {error.start}") from None
            if text != tree.text:
                tree.go_to(ROOT)
                if text:
                    tree.add(text)
        return tree, settings

    def write(self, tree: TextTree, **settings: Any) -> None:
        """Write both files.

        Raises:
            OSError: the disk refused; what was there is there.
        """
        write_output(self.tree_path, tree.to_json(settings=settings).encode())
        write_output(self.path, tree.text.encode())

    def _read_tree(self) -> tuple[TextTree, dict[str, Any]]:
        """Return what the tree's file holds."""
        try:
            told = json.loads(self.tree_path.read_bytes())
            tree = TextTree.from_dict(told)
            settings = told.get("settings", {})
            if not isinstance(settings, dict):
                raise DataError("its settings are no table")
        except (ValueError, RecursionError, DataError) as error:
            reason = error if isinstance(error, DataError) else f"it is not JSON: {error}"
            raise DataError(f"{self.tree_path}: {reason}; move it away to begin anew") from None
        return tree, settings
