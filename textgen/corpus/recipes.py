"""Corpus recipes: TOML files that name the texts of a corpus and the settings to read each."""

import dataclasses
import fnmatch
import string
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textgen.config.base import Config, option, reject_unknown
from textgen.config.corpus import CorpusConfig, DocumentRule
from textgen.config.toml import read_toml
from textgen.corpus.hub.hub_dataset import HUB
from textgen.errors import MissingInput, UsageError

# Settings that must be the same for a whole corpus, because its tokenizer depends on them.
WHOLE_CORPUS = ("strict", "normalize")


@dataclass(frozen=True, kw_only=True)
class RecipeSource(Config):
    """One source of a recipe. Its table may also hold any setting of `DocumentRule`."""

    path: str = option(
        "", "File or folder, relative to the recipe, or hf:org/name; $stdlib is Python's library."
    )
    include: tuple[str, ...] = option(("**/*.txt",), "Glob patterns of the files in a folder.")
    exclude: tuple[str, ...] = option((), "Patterns of file and folder names to leave out.")
    weight: float = option(
        1.0, "Number of times that its documents come in an epoch; 0.5 takes half of them.", above=0
    )
    label: str = option("", "Label of its documents, such as their author.")
    licence: str = option("", "Licence of its texts, if it is not that of the recipe.")
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.path:
            raise UsageError("path is missing; name the source's file or folder")
        for pattern in self.include:
            if not pattern or Path(pattern).is_absolute():
                raise UsageError(f"include holds {pattern!r}; it must be a pattern below 'path'")
        DocumentRule.from_dict(self.settings)

    @classmethod
    def from_table(cls, table: Mapping[str, Any], *, where: str) -> "RecipeSource":
        """Make a source from a table of a recipe.

        Raises:
            UsageError: an unknown key or an illegal value.
        """
        own = [name for name in cls.names() if name != "settings"]
        rule = [name for name in DocumentRule.names() if name not in WHOLE_CORPUS]
        reject_unknown(table, [*own, *rule], where=where)
        settings = {name: value for name, value in table.items() if name in rule}
        keys = {name: value for name, value in table.items() if name in own}
        return cls.from_dict({**keys, "settings": settings}, where=where)

    def files(self) -> list[Path]:
        """Return the selected files, sorted.

        Raises:
            MissingInput: no file is selected.
        """
        path = Path(self.path)
        if path.is_file():
            return [path]
        included = {p for pattern in self.include for p in path.glob(pattern) if p.is_file()}
        files = sorted(p for p in included if not self._is_excluded(p.relative_to(path)))
        if not files:
            raise MissingInput(f"{path}: no file of the recipe is there")
        return files

    def _is_excluded(self, relative: Path) -> bool:
        """Return whether a name in the path of a file matches an exclusion."""
        return any(fnmatch.fnmatch(name, p) for name in relative.parts for p in self.exclude)


@dataclass(frozen=True, kw_only=True)
class Recipe(Config):
    """A corpus described by a TOML file, whose keys are these fields."""

    description: str = option("", "Description of the corpus, in a sentence.")
    licence: str = option("unknown", "Licence of the texts.")
    verified: bool = option(True, "Whether the makers of textgen have read the corpus with it.")
    settings: dict[str, Any] = field(default_factory=dict)
    sources: tuple[RecipeSource, ...] = ()
    name: str = option("", "The recipe file's name without its ending; not a key.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.sources:
            raise UsageError("no source; write at least one table [[sources]] with a path")
        CorpusConfig.from_dict(self.settings, where="settings")


def recipe_folder() -> Path:
    """Return the folder of the recipes: inside the installed package, else beside the checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_corpora"
    return installed if installed.is_dir() else package.parent / "corpora"


def recipe_names() -> list[str]:
    """Return the names of the recipes that come with textgen."""
    return sorted(path.stem for path in recipe_folder().glob("*.toml"))


def find_recipe(name: str) -> Recipe | None:
    """Return the recipe of this name that comes with textgen, if there is one."""
    return load_recipe(recipe_folder() / f"{name}.toml") if name in recipe_names() else None


def load_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises:
        MissingInput: no such file.
        UsageError: not TOML, an unknown or missing key, or an illegal setting.
    """
    table = read_toml(path)
    reject_unknown(table, [name for name in Recipe.names() if name != "name"], where=str(path))
    sources = table.get("sources", [])
    if not (isinstance(sources, list) and all(isinstance(source, dict) for source in sources)):
        raise UsageError(f"{path}: sources must be tables; write [[sources]] above each path")
    recipe_sources = tuple(
        _located(path, RecipeSource.from_table(source, where=f"{path}: source {number}"))
        for number, source in enumerate(sources, 1)
    )
    settings = table.get("settings", {})
    if isinstance(settings, dict):
        settings = {key: _beside(path, key, value) for key, value in settings.items()}
    keys = {**table, "settings": settings, "sources": recipe_sources, "name": path.stem}
    return Recipe.from_dict(keys, where=str(path))


def _located(recipe: Path, source: RecipeSource) -> RecipeSource:
    """Return a source whose path is relative to the working folder, not to the recipe."""
    if source.path.startswith(HUB):
        return source
    try:
        stdlib = sysconfig.get_path("stdlib")
        target = string.Template(source.path).substitute(stdlib=stdlib)
    except (KeyError, ValueError) as error:
        raise UsageError(f"{recipe}: path {source.path!r}: unknown name {error}") from None
    return dataclasses.replace(source, path=str(recipe.parent / target))


def _beside(recipe: Path, key: str, value: Any) -> Any:
    """Return a setting of a recipe; a file that it names is relative to the recipe."""
    path = recipe.parent / str(value)
    is_file = key in ("validation", "tokenizer", "decontaminate") and path.is_file()
    return str(path) if is_file else value
