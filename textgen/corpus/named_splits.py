"""Splits that are named: by files, by datasets, or by the setting `validation`."""

import dataclasses
from collections.abc import Collection
from pathlib import Path

from textgen.corpus.corpus_file import SPLIT_NAMES, CorpusFile, Origin
from textgen.corpus.forms import TableForm, TextForm, form_of, local_corpus_file, table_suffixes
from textgen.corpus.source import Source
from textgen.errors import UsageError

_TEXT_OF_ROWS = ("column", "template")  # settings that name the text in a row


def with_named_splits(source: Source) -> Source:
    """Return a source whose validation split is the one that the setting `validation` names.

    Splits of a hub dataset without a role are left out if one is named train.

    Raises:
        UsageError: no file or split has this name, or nothing is left for training.
    """
    validation = source.config.validation
    files: list[CorpusFile] = list(source.files)
    held_out: list[CorpusFile] = []
    if isinstance(validation, str):
        chosen = _named(source, validation) or [_validation_file(source, validation)]
        names = {_identity(file) for file in chosen}
        files = [p for p in files if _identity(p) not in names and p.split != "validation"]
        held_out = [dataclasses.replace(file, split="validation") for file in chosen]
    if not any(file.split in (None, "train") for file in files):
        raise UsageError(f"validation is {validation!r}, but nothing else is in {source.name}")
    spare: list[CorpusFile] = []
    if any(file.split == "train" for file in files):
        spare = [file for file in files if _is_spare(file)]
        files = [file for file in files if not _is_spare(file)]
    ignored = (*source.ignored, *(file.name for file in spare))
    return dataclasses.replace(source, files=(*files, *held_out), ignored=ignored)


def refuse_row_options(source: Source, inherited: Collection[str]) -> None:
    """Refuse options for rows where a file of running text has none.

    The options that name the text of a row are fine if the corpus has tables, too. Those that
    choose or label rows are not, since the running text would escape them.

    Args:
        source: the corpus.
        inherited: settings that nobody chose for it.

    Raises:
        UsageError: naming the file and the options.
        DataError: the file holds no text at all.
    """
    with_tables = any(isinstance(form_of(file), TableForm) for file in source.files)
    free = {*inherited, *(_TEXT_OF_ROWS if with_tables else ())}
    for file in source.files:
        form = form_of(file)
        options = [flag for name, flag in file.rule.row_options.items() if name not in free]
        if options and isinstance(form, TextForm):
            form.check(file)
            raise UsageError(
                f"{file.name}: plain text has no rows; {' and '.join(options)} "
                f"{'is' if len(options) == 1 else 'are'} for tables ({' '.join(table_suffixes())})"
            )


def _is_spare(file: CorpusFile) -> bool:
    """Return whether a file is of a split of a hub dataset that has no role."""
    return bool(file.hub_split) and file.split is None


def _named(source: Source, split: str) -> list[CorpusFile]:
    """Return the files of a split, which is a role or a name on the hub."""
    role = SPLIT_NAMES.get(split)
    by_role = [file for file in source.files if role and file.split == role]
    return by_role or [file for file in source.files if file.hub_split == split]


def _validation_file(source: Source, name: str) -> CorpusFile:
    """Return the file of the validation split.

    Raises:
        UsageError: there is no such file.
    """
    if Path(name).is_file():
        return local_corpus_file(Path(name), source.rule, Origin(Path(name).name))
    splits = {file.hub_split or file.split for file in source.files}
    there = ", ".join(sorted(split for split in splits if split)) or "none"
    raise UsageError(
        f"validation is {name!r}, which is neither a file nor a split of {source.name} "
        f"(it has: {there})"
    )


def _identity(file: CorpusFile) -> str:
    """Return the identity of a file, however it was named."""
    return file.name if file.hub_split else str(Path(file.name).resolve())
