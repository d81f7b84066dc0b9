"""Corpus recipes: TOML files that say which files make a corpus and how it is best read."""

import fnmatch
import string
import sysconfig
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textgen.config.base import reject_unknown
from textgen.config.corpus import CorpusConfig
from textgen.errors import MissingInput, UsageError


@dataclass(frozen=True)
class Recipe:
    """A corpus described by a TOML file.

    Attributes:
        name: the recipe file's name without its ending.
        description: one sentence.
        licence: of the texts, or "unknown".
        path: a file or folder, relative to the recipe; `$stdlib` is Python's own library.
        include: glob patterns of the files wanted in a folder.
        exclude: patterns of file and folder names to leave out.
        settings: defaults of `CorpusConfig` for this corpus.
    """

    name: str
    description: str
    licence: str
    path: Path
    include: tuple[str, ...] = ("**/*.txt",)
    exclude: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)

    def files(self) -> list[Path]:
        """Return the selected files, sorted.

        Raises:
            MissingInput: there is none.
        """
        if self.path.is_file():
            return [self.path]
        found = {p for pattern in self.include for p in self.path.glob(pattern) if p.is_file()}
        files = sorted(p for p in found if not self._is_excluded(p.relative_to(self.path)))
        if not files:
            raise MissingInput(f"recipe {self.name}: no file of it in {self.path}")
        return files

    def _is_excluded(self, relative: Path) -> bool:
        """Tell whether any part of a file's path matches an exclusion."""
        return any(fnmatch.fnmatch(part, p) for part in relative.parts for p in self.exclude)


def recipe_folder() -> Path:
    """Return the folder of the recipes: inside the installed package, else beside the checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_corpora"
    return installed if installed.is_dir() else package.parent / "corpora"


def recipe_names() -> list[str]:
    """Return the names of the recipes that come with textgen."""
    return sorted(path.stem for path in recipe_folder().glob("*.toml"))


def find_recipe(name: str) -> Recipe | None:
    """Return the recipe of that name that comes with textgen, if there is one."""
    return load_recipe(recipe_folder() / f"{name}.toml") if name in recipe_names() else None


def load_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises:
        MissingInput: no such file.
        UsageError: not TOML, an unknown or missing key, or an illegal setting.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MissingInput(f"{path}: no such recipe") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not a TOML file: {error}") from None
    known = ("description", "licence", "path", "include", "exclude", "settings")
    reject_unknown(table, known, where=str(path))
    if not isinstance(table.get("path"), str):
        raise UsageError(f"{path}: 'path' is missing; name the recipe's file or folder")
    CorpusConfig.from_dict(table.get("settings", {}), where=f"{path}: settings")
    stdlib = sysconfig.get_path("stdlib")
    try:
        target = string.Template(table["path"]).substitute(stdlib=stdlib)
    except (KeyError, ValueError) as error:
        raise UsageError(f"{path}: path {table['path']!r}: unknown name {error}") from None
    return Recipe(
        name=path.stem,
        description=table.get("description", ""),
        licence=table.get("licence", "unknown"),
        path=path.parent / target,
        include=tuple(table.get("include", Recipe.include)),
        exclude=tuple(table.get("exclude", ())),
        settings=table.get("settings", {}),
    )
