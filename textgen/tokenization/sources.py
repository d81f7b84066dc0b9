"""What a CORPUS argument names: the files behind a path, glob, recipe or standard input."""

import glob
import hashlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textgen.errors import DataError, MissingInput
from textgen.tokenization.recipes import Recipe, find_recipe, load_recipe, recipe_names

SPLIT_NAMES = {
    "train": "train",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
}
# Forms of the design that are not plain text; named so that they are not learned as if they were.
OTHER_FORMS = (".csv", ".tsv", ".jsonl", ".parquet", ".gz", ".zst")


@dataclass(frozen=True)
class SourceFile:
    """A text file of a corpus.

    Attributes:
        path: where it is.
        split: the split that its name puts it in, if any.
        name: what people call it, if not by its path.
    """

    path: Path
    split: str | None
    name: str = ""


@dataclass(frozen=True)
class Source:
    """The files of a corpus, in a fixed order, and the settings that its recipe recommends."""

    name: str
    files: tuple[SourceFile, ...]
    licence: str = "unknown"
    settings: dict[str, Any] = field(default_factory=dict)

    def fingerprint(self) -> str:
        """Return the SHA-256 over the files' bytes and splits, in order."""
        total = hashlib.sha256()
        for file in self.files:
            with file.path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            total.update(f"{file.split} {digest}\n".encode())
        return total.hexdigest()


@contextmanager
def open_source(corpus: str) -> Iterator[Source]:
    """Yield the source that a CORPUS argument names.

    Args:
        corpus: a file, a folder (its `.txt` files), a glob, `-` for standard input, or the name
            or path of a recipe.

    Raises:
        MissingInput: nothing of that name.
        DataError: a form of file that is not read.
    """
    if corpus == "-":
        with tempfile.TemporaryDirectory(prefix="textgen-") as folder:
            spooled = Path(folder) / "standard-input"
            with spooled.open("wb") as file:
                shutil.copyfileobj(sys.stdin.buffer, file)
            yield Source("standard input", (SourceFile(spooled, None, "standard input"),))
    else:
        yield _find(corpus)


def _find(corpus: str) -> Source:
    """Resolve a path, glob or recipe."""
    path = Path(corpus)
    if path.suffix == ".toml":
        return _from_recipe(load_recipe(path))
    if path.is_dir():
        files = sorted(path.rglob("*.txt"))
        if not files:
            raise MissingInput(
                f"{path}: no .txt file in this folder; name others with a glob, as '{path}/**/*.md'"
            )
        return _from_files(path.resolve().name, files)
    if path.exists():
        return _from_files(path.name, [path])
    if glob.has_magic(corpus):
        files = sorted(p for p in map(Path, glob.glob(corpus, recursive=True)) if p.is_file())
        if not files:
            raise MissingInput(f"{corpus}: no file matches this pattern")
        return _from_files(corpus, files)
    if recipe := find_recipe(corpus):
        return _from_recipe(recipe)
    raise MissingInput(
        f"{corpus}: no such file or folder, nor a recipe (known are: {', '.join(recipe_names())})"
    )


def _from_files(name: str, paths: list[Path]) -> Source:
    """Make a source of files, refusing forms that would be misread as plain text."""
    for path in paths:
        if path.suffix.lower() in OTHER_FORMS:
            raise DataError(f"{path}: {path.suffix} is not read yet; give plain text files")
    files = tuple(SourceFile(path, SPLIT_NAMES.get(path.stem.lower())) for path in paths)
    if all(file.split is None or file.split == files[0].split for file in files):
        files = tuple(SourceFile(file.path, None) for file in files)  # one kind is no split
    return Source(name, files)


def _from_recipe(recipe: Recipe) -> Source:
    """Make a source of the files that a recipe selects."""
    files = tuple(SourceFile(path, None) for path in recipe.files())
    return Source(recipe.name, files, recipe.licence, recipe.settings)
