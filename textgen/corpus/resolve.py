"""Resolution of CORPUS: the files of a path, glob, recipe, hub dataset, pipe, or list of texts."""

import dataclasses
import errno
import glob
import logging
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from textgen.config.corpus import CorpusConfig, DocumentRule
from textgen.config.merge import as_held, override
from textgen.corpus.corpus_file import STORE, CorpusFile, LocalFile, Origin, suffixes
from textgen.corpus.forms import FORMS, form_of_suffix, local_corpus_file
from textgen.corpus.hub.dataset_files import hub_files, resolve
from textgen.corpus.hub.hub_dataset import HUB
from textgen.corpus.named_splits import refuse_row_options, with_named_splits
from textgen.corpus.recipes import (
    Recipe,
    RecipeSource,
    find_recipe,
    load_recipe,
    recipe_names,
)
from textgen.corpus.source import Source
from textgen.corpus.texts import IN_MEMORY, Texts, as_corpus
from textgen.errors import MissingInput, UsageError, by_setting
from textgen.files import explain_full_disk
from textgen.progress import SILENT, ProgressReporter

logger = logging.getLogger(__name__)
TEMPORARY = "make room there, or name another folder in TMPDIR"


@contextmanager
def open_source(
    corpus: Any,
    settings: Mapping[str, Any],
    progress: ProgressReporter = SILENT,
    *,
    inherited: Collection[str] = (),
) -> Iterator[Source]:
    """Yield the source of a corpus.

    Args:
        corpus: a file, a folder, a glob, `-` for standard input, `hf:org/name`, the name or path
            of a recipe, or texts in memory (see `as_corpus`).
        settings: those of `CorpusConfig` that were chosen; a recipe's, then the defaults, fill in.
        progress: receives the bytes that come from the hub.
        inherited: settings that nobody chose for this corpus, which it may ignore.

    Raises:
        MissingInput: nothing has that name.
        UsageError: an illegal setting, one for rows where there are none, a missing validation
            split, or no corpus at all.
        OSError: the hub cannot be reached.
    """
    temporary = _temporary_folder()  # for everything written while a corpus is read
    settings = as_held(settings, CorpusConfig)
    with explain_full_disk(temporary, TEMPORARY), ExitStack() as stack:
        source = with_named_splits(_find(as_corpus("corpus", corpus), settings, stack, progress))
        refuse_row_options(source, inherited)
        if source.config.splits and not any(file.hub_split for file in source.files):
            no_effect = by_setting("{} changes nothing", "splits")
            logger.warning("%s: no set on the hub, so that %s", source.name, no_effect)
        yield source


def _temporary_folder() -> Path:
    """Return the folder for temporary files.

    Raises:
        OSError: none can be written to.
    """
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError as error:  # would look like a missing input
        raise PermissionError(
            errno.EACCES, f"{error.strerror}, while a corpus is read; name another in TMPDIR"
        ) from None


def _find(
    corpus: str | Texts, settings: Mapping[str, Any], stack: ExitStack, progress: ProgressReporter
) -> Source:
    """Resolve a corpus. The stack removes the copy of a pipe or of texts in memory."""
    if isinstance(corpus, Texts):
        return _from_texts(corpus, stack, CorpusConfig.from_dict(settings))
    path = Path(corpus)
    if path.suffix == ".toml" and path.is_file():
        return _from_recipe(load_recipe(path), settings, progress)
    config = CorpusConfig.from_dict(settings)
    if corpus == "-":
        return _from_stream("standard input", sys.stdin.buffer, stack, config)
    if path.is_fifo():
        with path.open("rb") as pipe:
            return _from_stream(corpus, pipe, stack, config)
    if corpus.startswith(HUB):
        files = _from_hub(corpus, config, config.document_rule, Origin(), progress)
        return _source(files[0].origin.name, files, config)
    if path.exists() or glob.has_magic(corpus):
        return _from_path(corpus, config)
    if recipe := find_recipe(corpus):
        return _from_recipe(recipe, settings, progress)
    raise MissingInput(
        f"{corpus}: no such file or folder, nor a recipe (known are: {', '.join(recipe_names())})"
        f"{_elsewhere(corpus)}"
    )


def _brackets(pattern: str) -> str:
    """Return the remedy for a pattern with brackets that belong to a name, if it holds any."""
    if "[" not in pattern:
        return ""
    literal = pattern.replace("[", "[[]")
    return (
        f"; what is in [ ] stands for one character: if these belong to a name, write {literal!r}"
    )


def _elsewhere(corpus: str) -> str:
    """Return the remedy for a name that seems to be on the net."""
    if re.match(r"https?://huggingface\.co/datasets/[^/]+/[^/?#]+", corpus):
        name = "/".join(corpus.split("/")[4:6])
        return f"; a data set on the Hugging Face hub is {HUB}{name}"
    if re.match(r"\w+://", corpus):
        return f"; fetch it first, as with: curl -LO {shlex.quote(corpus)}"
    if re.fullmatch(r"[\w-][\w.-]*/[\w.-]+", corpus):
        return f"; a data set on the Hugging Face hub is {HUB}{corpus}"
    return ""


def _from_stream(name: str, stream: IO[bytes], stack: ExitStack, config: CorpusConfig) -> Source:
    """Make a source of plain text from a pipe."""
    opened = tempfile.NamedTemporaryFile(prefix="textgen-")  # noqa: SIM115  # the stack closes it
    copy = stack.enter_context(opened)
    shutil.copyfileobj(stream, copy)
    copy.flush()
    file = CorpusFile(name, LocalFile(Path(copy.name)), "text", rule=config.document_rule)
    return _source(name, [file], config)


def _from_texts(texts: Texts, stack: ExitStack, config: CorpusConfig) -> Source:
    """Make a source of texts in memory: a table, whose text column may have any name."""
    rule = dataclasses.replace(config.document_rule, encoding="utf-8")
    opened = tempfile.NamedTemporaryFile("w", prefix="textgen-", encoding="utf-8")  # noqa: SIM115
    copy = stack.enter_context(opened)
    texts.write(copy, rule.column or "text")
    copy.flush()
    file = CorpusFile(IN_MEMORY, LocalFile(Path(copy.name)), "jsonl", rule=rule)
    return _source(IN_MEMORY, [file], config)


def _from_path(corpus: str, config: CorpusConfig) -> Source:
    """Make a source of a file, folder or glob."""
    path = Path(corpus)
    name = path.name
    ignored: list[Path] = []
    if path.is_dir():
        paths, ignored = _files_of(path)
        name = path.resolve().name
    elif path.exists():
        paths = [path]
    else:
        paths = sorted(p for p in map(Path, glob.glob(corpus, recursive=True)) if p.is_file())
        name = corpus
    if not paths:
        raise MissingInput(f"{corpus}: no file matches this pattern{_brackets(corpus)}")
    rule, origin = config.document_rule, Origin(name)
    files = [local_corpus_file(p, rule, origin) for p in paths]
    return _source(name, files, config, ignored=tuple(map(str, ignored)))


def _from_hub(
    name: str, config: CorpusConfig, rule: DocumentRule, origin: Origin, progress: ProgressReporter
) -> list[CorpusFile]:
    """Return the files of a hub dataset. A licence in `origin` takes precedence over the hub's."""
    dataset = resolve(name)
    files = hub_files(
        dataset, config.splits, streaming=config.streaming, rule=rule, progress=progress
    )
    licence = origin.licence if origin.licence != "unknown" else dataset.licence
    origin = dataclasses.replace(
        origin, name=dataset.name, revision=dataset.revision, licence=licence or "unknown"
    )
    return [dataclasses.replace(file, origin=origin) for file in files]


def _from_recipe(recipe: Recipe, settings: Mapping[str, Any], progress: ProgressReporter) -> Source:
    """Make a source of the files of a recipe.

    Chosen settings that differ from the recipe's override the own settings of its sources. So the
    settings of a store, which are those of the corpus as a whole, give the same documents again.
    """
    general = CorpusConfig.from_dict(recipe.settings)
    config = CorpusConfig.from_dict(override(recipe.settings, settings))
    new = {n: value for n, value in settings.items() if getattr(config, n) != getattr(general, n)}
    files: list[CorpusFile] = []
    for source in recipe.sources:
        own = override(override(recipe.settings, source.settings), new)
        rule = CorpusConfig.from_dict(own).document_rule
        files += _of_recipe_source(recipe, source, config, rule, progress)
    return _source(recipe.name, files, config)


def _of_recipe_source(
    recipe: Recipe,
    source: RecipeSource,
    config: CorpusConfig,
    rule: DocumentRule,
    progress: ProgressReporter,
) -> list[CorpusFile]:
    """Return the files of one source of a recipe."""
    name = recipe.name if len(recipe.sources) == 1 else f"{recipe.name}: {Path(source.path).name}"
    origin = Origin(
        name,
        licence=source.licence or recipe.licence,
        weight=source.weight,
        label=source.label,
    )
    if source.path.startswith(HUB):
        return _from_hub(source.path, config, rule, origin, progress)
    return [local_corpus_file(path, rule, origin) for path in source.files()]


def _source(
    name: str, files: Iterable[CorpusFile], config: CorpusConfig, ignored: tuple[str, ...] = ()
) -> Source:
    """Make a source. Files that are all of one split count as files of none."""
    files = tuple(files)
    if len({file.split for file in files}) == 1:
        files = tuple(dataclasses.replace(file, split=None) for file in files)
    return Source(name, files, config, ignored)


def _files_of(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the files of known form in a folder, and the others, without hidden ones; sorted.

    Raises:
        MissingInput: none is of a known form.
        UsageError: it is a token store.
    """
    if (folder / STORE).exists():
        raise UsageError(f"{folder}: a token store, not a corpus; name the corpus it was made of")
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    shown = [p for p in files if not any(x.startswith(".") for x in p.relative_to(folder).parts)]
    readable = [p for p in shown if form_of_suffix(suffixes(p)[0])]
    if not readable:
        names = ", ".join(form.suffix for form in FORMS.values())
        raise MissingInput(
            f"{folder}: no {names} file in this folder; name others with a glob, as "
            f"'{folder}/**/*.md'"
        )
    return readable, [p for p in shown if p not in set(readable)]
