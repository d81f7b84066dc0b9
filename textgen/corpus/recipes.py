"""Corpus recipes: TOML files that say which files make a corpus and how it is best read."""

import dataclasses
import fnmatch
import string
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textgen.config.base import Config, option, reject_unknown
from textgen.config.corpus import CorpusConfig
from textgen.config.toml import read_toml
from textgen.errors import MissingInput, UsageError


@dataclass(frozen=True, kw_only=True)
class Recipe(Config):
    """A corpus described by a TOML file, whose keys are these fields."""

    path: str = option(
        "", "File or folder, relative to the recipe, or hf:org/name; $stdlib is Python's library."
    )
    description: str = option("", "What the corpus is, in a sentence.")
    licence: str = option("unknown", "Licence of the texts.")
    include: tuple[str, ...] = option(("**/*.txt",), "Glob patterns of the files in a folder.")
    exclude: tuple[str, ...] = option((), "Patterns of file and folder names to leave out.")
    verified: bool = option(True, "Whether its makers have read the corpus with it.")
    settings: dict[str, Any] = field(default_factory=dict)
    name: str = option("", "The recipe file's name without its ending; not a key.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.path:
            raise UsageError("path is missing; name the recipe's file or folder")
        for pattern in self.include:
            if not pattern or Path(pattern).is_absolute():
                raise UsageError(f"include holds {pattern!r}; it must be a pattern below 'path'")
        CorpusConfig.from_dict(self.settings, where="settings")

    def files(self) -> list[Path]:
        """Return the selected files, sorted.

        Raises:
            MissingInput: there is none.
        """
        path = Path(self.path)
        if path.is_file():
            return [path]
        found = {p for pattern in self.include for p in path.glob(pattern) if p.is_file()}
        files = sorted(p for p in found if not self._is_excluded(p.relative_to(path)))
        if not files:
            raise MissingInput(f"recipe {self.name}: no file of it in {path}")
        return files

    def merged(self, chosen: Mapping[str, Any]) -> dict[str, Any]:
        """Return its settings, changed by what was chosen.

        What goes with its tokenizer goes away with it.
        """
        settings = dict(self.settings)
        if "tokenizer" in chosen:
            for name in ("strict", "vocab_size"):
                settings.pop(name, None)
        if {"column", "template"} & chosen.keys():
            for name in ("column", "template"):
                settings.pop(name, None)
        return {**settings, **chosen}

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
    table = read_toml(path)
    reject_unknown(table, [name for name in Recipe.names() if name != "name"], where=str(path))
    recipe = Recipe.from_dict({**table, "name": path.stem}, where=str(path))
    if recipe.path.startswith("hf:"):
        return recipe
    try:
        stdlib = sysconfig.get_path("stdlib")
        target = string.Template(recipe.path).substitute(stdlib=stdlib)
    except (KeyError, ValueError) as error:
        raise UsageError(f"{path}: path {recipe.path!r}: unknown name {error}") from None
    settings = {key: _beside(path, key, value) for key, value in recipe.settings.items()}
    return dataclasses.replace(recipe, path=str(path.parent / target), settings=settings)


def _beside(recipe: Path, key: str, value: Any) -> Any:
    """Return a setting of a recipe; a file that it names stands beside the recipe."""
    beside = recipe.parent / str(value)
    return str(beside) if key in ("validation", "tokenizer") and beside.is_file() else value
