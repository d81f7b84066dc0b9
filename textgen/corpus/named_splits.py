"""Which parts of a corpus are trained on and which are held out, where that has been named."""

import dataclasses
from collections.abc import Collection
from pathlib import Path

from textgen.corpus.corpus_file import SPLIT_NAMES, CorpusFile, Origin, file_part
from textgen.corpus.source import Source
from textgen.corpus.statistics import CorpusStatistics
from textgen.corpus.text.recognition import recognise
from textgen.errors import UsageError

_OF_TABLES = ("column", "template")  # what says where in a row the text is


def with_named_splits(source: Source) -> Source:
    """Let what `--validation` names be the validation split, in the place of any other.

    Splits of a hub set that have no role beside one named train are left out.
    """
    wanted = source.config.validation
    kept: list[CorpusFile] = list(source.parts)
    held_out: list[CorpusFile] = []
    if isinstance(wanted, str):
        chosen = _named(source, wanted) or [_validation_file(source, wanted)]
        names = {_identity(part) for part in chosen}
        kept = [p for p in kept if _identity(p) not in names and p.split != "validation"]
        held_out = [dataclasses.replace(part, split="validation") for part in chosen]
    if not any(part.split in (None, "train") for part in kept):
        raise UsageError(f"validation is {wanted!r}, but nothing else is in {source.name}")
    spare: list[CorpusFile] = []
    if any(part.split == "train" for part in kept):
        spare = [part for part in kept if _is_spare(part)]
        kept = [part for part in kept if not _is_spare(part)]
    ignored = (*source.ignored, *(part.name for part in spare))
    return dataclasses.replace(source, parts=(*kept, *held_out), ignored=ignored)


def refuse_row_options(source: Source, inherited: Collection[str]) -> None:
    """Refuse options that say something of rows where no rows are.

    What says where the text of a row is means nothing to plain text beside tables; what chooses
    or marks rows would be wanted of it, too.

    Args:
        source: the corpus.
        inherited: settings that nobody chose for it.

    Raises:
        UsageError: naming the plain text and the options.
        DataError: it is no plain text either.
    """
    with_tables = any(part.form != "text" for part in source.parts)
    free = {*inherited, *(_OF_TABLES if with_tables else ())}
    for part in source.parts:
        asked = [flag for name, flag in part.rule.row_options.items() if name not in free]
        if part.form == "text" and asked:
            with part.file.local() as path:
                recognise(
                    path, part, CorpusStatistics()
                )  # what is no text at all is told as what it is
            raise UsageError(
                f"{part.name}: plain text has no rows; {' and '.join(asked)} "
                f"{'is' if len(asked) == 1 else 'are'} for tables (.csv .tsv .jsonl .parquet)"
            )


def _is_spare(part: CorpusFile) -> bool:
    """Tell whether a part is of a split of a hub set that has no role."""
    return bool(part.hub_split) and part.split is None


def _named(source: Source, wanted: str) -> list[CorpusFile]:
    """Return the parts of a split, by the role or the name that it has on the hub."""
    role = SPLIT_NAMES.get(wanted)
    by_role = [part for part in source.parts if role and part.split == role]
    return by_role or [part for part in source.parts if part.hub_split == wanted]


def _validation_file(source: Source, wanted: str) -> CorpusFile:
    """Return the file that is to be the validation split.

    Raises:
        UsageError: there is no such file.
    """
    if Path(wanted).is_file():
        return file_part(Path(wanted), source.rule, Origin(Path(wanted).name))
    splits = {part.hub_split or part.split for part in source.parts}
    there = ", ".join(sorted(split for split in splits if split)) or "none"
    raise UsageError(
        f"validation is {wanted!r}, which is neither a file nor a split of {source.name} "
        f"(it has: {there})"
    )


def _identity(part: CorpusFile) -> str:
    """Return the same text for the same file, whatever way it was named."""
    return part.name if part.hub_split else str(Path(part.name).resolve())
