"""What a CORPUS argument names: the parts behind a path, glob, recipe, hub set or stdin."""

import dataclasses
import glob
import hashlib
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textgen.config.corpus import CorpusConfig
from textgen.corpus.hub import HUB, HubPart, open_hub
from textgen.corpus.recipes import Recipe, find_recipe, load_recipe, recipe_names
from textgen.corpus.unpack import PACKED, unpack
from textgen.errors import MissingInput, UsageError

SPLIT_NAMES = {
    "train": "train",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
}
# What a file's name ends with, and how it is read. A file named alone may end with anything.
FORMS = {".txt": "text", ".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".parquet": "parquet"}
_SHARD = re.compile(r"-\d+-of-\d+$")


@dataclass(frozen=True)
class FilePart:
    """A file of a corpus.

    Attributes:
        path: where its plain bytes are.
        form: how it is read, one of the values of `FORMS`.
        name: what people call it.
        split: the split that its name puts it in, if any.
    """

    path: Path
    form: str
    name: str
    split: str | None = None

    def fingerprint(self) -> str:
        """Return the SHA-256 of its bytes."""
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()


Part = FilePart | HubPart


@dataclass(frozen=True)
class Source:
    """The parts of a corpus, in a fixed order, and how they are to be read.

    Attributes:
        name: what people call the corpus.
        parts: files, or splits of a hub set.
        config: the defaults, changed by its recipe, changed by what was chosen.
        licence: of its texts, or "unknown".
        ignored: files beside the others whose form nobody knows, and splits not used.
    """

    name: str
    parts: tuple[Part, ...]
    config: CorpusConfig
    licence: str = "unknown"
    ignored: tuple[str, ...] = ()

    def fingerprint(self) -> str:
        """Return a SHA-256 over the parts' content, forms and splits, in order."""
        total = hashlib.sha256()
        for part in self.parts:
            total.update(f"{part.split} {part.form} {part.fingerprint()}\n".encode())
        return total.hexdigest()


@contextmanager
def open_source(corpus: str, settings: Mapping[str, Any]) -> Iterator[Source]:
    """Yield the source that a CORPUS argument names.

    Args:
        corpus: a file, a folder, a glob, `-` for standard input, `hf:org/name`, or the name or
            path of a recipe.
        settings: those of `CorpusConfig` that were chosen; a recipe's, then the defaults, fill in.

    Raises:
        MissingInput: nothing of that name.
        UsageError: an illegal setting, or a validation split that is not there.
        DataError: a packed file that is damaged.
    """
    with tempfile.TemporaryDirectory(prefix="textgen-") as folder:
        source = _find(corpus, settings, Path(folder))
        yield _with_roles(source, Path(folder))


def _find(corpus: str, settings: Mapping[str, Any], spool: Path) -> Source:
    """Resolve a CORPUS argument; what has to be spooled goes into the folder `spool`."""
    path = Path(corpus)
    if corpus == "-":
        spooled = spool / "standard-input"
        with spooled.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        parts: list[Part] = [FilePart(spooled, "text", "standard input")]
        return Source("standard input", tuple(parts), CorpusConfig.from_dict(settings))
    if path.suffix == ".toml" and path.is_file():
        return _from_recipe(load_recipe(path), settings, spool)
    if corpus.startswith(HUB) or path.exists() or glob.has_magic(corpus):
        return _from_location(corpus, settings, spool)
    if recipe := find_recipe(corpus):
        return _from_recipe(recipe, settings, spool)
    raise MissingInput(
        f"{corpus}: no such file or folder, nor a recipe (known are: {', '.join(recipe_names())})"
    )


def _from_location(corpus: str, settings: Mapping[str, Any], spool: Path) -> Source:
    """Make a source of a hub set, path or glob."""
    config = CorpusConfig.from_dict(settings)
    if corpus.startswith(HUB):
        name, found = open_hub(corpus)
        return _source(name, [_in_split(part) for part in found], config)
    path = Path(corpus)
    if path.is_dir():
        paths, ignored = _files_of(path)
        parts = [_file_part(p, spool) for p in paths]
        return _source(path.resolve().name, parts, config, tuple(map(str, ignored)))
    if path.exists():
        return _source(path.name, [_file_part(path, spool)], config)
    paths = sorted(p for p in map(Path, glob.glob(corpus, recursive=True)) if p.is_file())
    if not paths:
        raise MissingInput(f"{corpus}: no file matches this pattern")
    return _source(corpus, [_file_part(p, spool) for p in paths], config)


def _from_recipe(recipe: Recipe, settings: Mapping[str, Any], spool: Path) -> Source:
    """Make a source of what a recipe selects."""
    merged = recipe.merged(settings)
    if recipe.path.startswith(HUB):
        source = _from_location(recipe.path, merged, spool)
        return dataclasses.replace(source, licence=recipe.licence)
    parts = [_file_part(path, spool) for path in recipe.files()]
    return _source(recipe.name, parts, CorpusConfig.from_dict(merged), licence=recipe.licence)


def _source(
    name: str,
    parts: Iterable[Part],
    config: CorpusConfig,
    ignored: tuple[str, ...] = (),
    licence: str = "unknown",
) -> Source:
    """Make a source; parts that are all of one split are of none."""
    parts = tuple(parts)
    if len({part.split for part in parts}) == 1:
        parts = tuple(dataclasses.replace(part, split=None) for part in parts)
    return Source(name, parts, config, licence, ignored)


def _files_of(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return a folder's files of known form and the others, sorted; hidden ones are neither.

    Raises:
        MissingInput: there is none of known form.
    """
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    shown = [p for p in files if not any(x.startswith(".") for x in p.relative_to(folder).parts)]
    known = [p for p in shown if _suffixes(p)[0] in FORMS]
    if not known:
        raise MissingInput(
            f"{folder}: no {', '.join(FORMS)} file in this folder; name others with a glob, as "
            f"'{folder}/**/*.md'"
        )
    return known, [p for p in shown if p not in set(known)]


def _suffixes(path: Path) -> tuple[str, str]:
    """Return what tells a file's form, and how it is packed: `(".csv", ".gz")` of x.csv.gz."""
    last = path.suffix.lower()
    return (Path(path.stem).suffix.lower(), last) if last in PACKED else (last, "")


def _file_part(path: Path, spool: Path) -> FilePart:
    """Make a part of a file, unpacked if it has to be."""
    suffix, packed = _suffixes(path)
    stem = path.name.lower().removesuffix(packed).removesuffix(suffix)
    split = SPLIT_NAMES.get(_SHARD.sub("", stem))
    plain = unpack(path, spool) if packed else path
    return FilePart(plain, FORMS.get(suffix, "text"), str(path), split)


def _in_split(part: HubPart) -> HubPart:
    """Give a split of a hub set the role that its name says."""
    return dataclasses.replace(part, split=SPLIT_NAMES.get(part.hub_split))


def _with_roles(source: Source, spool: Path) -> Source:
    """Let what `--validation` names be the validation split, in the place of any other.

    Splits of a hub set that have no role beside one named train are left out.
    """
    wanted = source.config.validation
    kept: list[Part] = list(source.parts)
    held_out: list[Part] = []
    if isinstance(wanted, str):
        chosen = _named(source, wanted) or [_validation_file(source, wanted, spool)]
        names = {_identity(part) for part in chosen}
        kept = [p for p in kept if _identity(p) not in names and p.split != "validation"]
        held_out = [dataclasses.replace(part, split="validation") for part in chosen]
    if not any(part.split in (None, "train") for part in kept):
        raise UsageError(f"validation is {wanted!r}, but nothing else is in {source.name}")
    spare: list[Part] = []
    if any(part.split == "train" for part in kept):
        spare = [p for p in kept if isinstance(p, HubPart) and p.split is None]
    parts = (*(part for part in kept if part not in spare), *held_out)
    ignored = (*source.ignored, *(part.name for part in spare))
    return dataclasses.replace(source, parts=parts, ignored=ignored)


def _named(source: Source, wanted: str) -> list[Part]:
    """Return the parts of a split, by the role or the name that it has on the hub."""
    role = SPLIT_NAMES.get(wanted)
    by_role = [part for part in source.parts if role and part.split == role]
    hub = [part for part in source.parts if isinstance(part, HubPart)]
    return by_role or [part for part in hub if part.hub_split == wanted]


def _validation_file(source: Source, wanted: str, spool: Path) -> FilePart:
    """Return the file that is to be the validation split.

    Raises:
        UsageError: there is no such file.
    """
    if Path(wanted).is_file():
        return _file_part(Path(wanted), spool)
    splits = {p.hub_split if isinstance(p, HubPart) else p.split for p in source.parts}
    there = ", ".join(sorted(split for split in splits if split)) or "none"
    raise UsageError(
        f"validation is {wanted!r}, which is neither a file nor a split of {source.name} "
        f"(it has: {there})"
    )


def _identity(part: Part) -> str:
    """Return the same text for the same file, whatever way it was named."""
    return part.name if isinstance(part, HubPart) else str(Path(part.name).resolve())
