"""The files of a document: the text, and beside it the tree of all branches."""

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
        path: path of the text file.
    """

    def __init__(self, path: Path) -> None:
        self.path = named(path)
        self.tree_path = self.path.with_name(self.path.name + SUFFIX)

    @property
    def exists(self) -> bool:
        """Whether one of the files exists."""
        return self.path.exists() or self.tree_path.exists()

    @classmethod
    def new(cls, path: Path) -> "Document":
        """Return the document of a new file.

        Raises:
            UsageError: the path is empty, or exists already.
        """
        if named(path).is_dir() or (document := cls(path)).exists:
            raise UsageError(f"{path}: exists already; choose another name")
        return document

    def read(self) -> tuple[TextTree, dict[str, Any]]:
        """Return the tree and the settings; new ones if no file exists.

        Another program may have changed the text file. Its text then becomes another branch.

        Raises:
            DataError: the text is not UTF-8, or the tree is damaged.
        """
        tree, settings = self._read_tree() if self.tree_path.exists() else (TextTree(), {})
        if self.path.exists():
            try:
                text = self.path.read_bytes().decode()
            except UnicodeDecodeError as error:
                raise DataError(
                    f"{self.path}: it is not UTF-8 at byte {error.start}; convert it first"
                ) from None
            if text != tree.text:
                tree.go_to(ROOT)
                if text:
                    tree.add(text)
        return tree, settings

    def write(self, tree: TextTree, **settings: Any) -> None:
        """Write both files.

        Raises:
            OSError: a file cannot be written; the old one is unchanged.
        """
        write_output(self.tree_path, tree.to_json(settings=settings).encode())
        write_output(self.path, tree.text.encode())

    def _read_tree(self) -> tuple[TextTree, dict[str, Any]]:
        """Return the tree and the settings of the JSON file."""
        try:
            content = json.loads(self.tree_path.read_bytes())
            tree = TextTree.from_dict(content)
            settings = content.get("settings", {})
            if not isinstance(settings, dict):
                raise DataError("its settings are no object")
        except (ValueError, RecursionError, DataError) as error:
            reason = error if isinstance(error, DataError) else f"it is not JSON: {error}"
            raise DataError(f"{self.tree_path}: {reason}; move it away to begin anew") from None
        return tree, settings
