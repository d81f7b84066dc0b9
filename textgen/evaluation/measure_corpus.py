"""Measures a model on a corpus, which is read as the model's own was."""

from collections.abc import Collection
from typing import Any

from textgen.config.base import reject_unknown
from textgen.config.corpus import CorpusConfig, DocumentRule, TextPolicy
from textgen.corpus.collect import collect
from textgen.corpus.resolve import open_source
from textgen.corpus.splits import choose_split, read_spans, survey
from textgen.corpus.texts import CorpusArgument
from textgen.errors import DataError, UsageError
from textgen.evaluation.quality import Quality
from textgen.evaluation.scorer import measure
from textgen.progress import SILENT, ProgressReporter
from textgen.runtime.engine.engine import Engine
from textgen.tokenization.tokenizer import Tokenizer

# Settings of the model's own corpus that apply to any text; the rest apply to a split of a corpus.
HOW_TEXT_IS_READ = (*TextPolicy.names(), "documents", "column", "template", "strict")
WHICH_TEXT_IS_READ = tuple(
    name
    for name in CorpusConfig.names()
    if name not in (*HOW_TEXT_IS_READ, "tokenizer", "vocab_size", "streaming")
)


def measure_corpus(
    decoder: Engine,
    tokenizer: Tokenizer,
    corpus: CorpusArgument,
    reading: dict[str, Any],
    split: str,
    progress: ProgressReporter = SILENT,
    *,
    inherited: Collection[str] = (),
) -> Quality:
    """Measure a model on a corpus, or on one of its splits.

    Args:
        decoder: the model.
        tokenizer: of the model.
        corpus: a file, folder, glob, hub set, recipe, or texts in memory.
        reading: fields of `CorpusConfig`, as `how_to_read` returns them.
        split: "all", or the name of a split.
        progress: receives each stage's progress.
        inherited: fields of `reading` that were not chosen for this corpus.
    """
    opened = open_source(corpus, reading, progress, inherited=inherited)
    with opened as source, collect(source, progress) as documents:
        cut, part = choose_split(survey(documents), split, source.config.validation)
        pieces = (piece for here, piece in read_spans(documents, cut) if here.split == part)
        return measure(decoder, tokenizer, pieces, progress)


def how_to_read(
    recorded: dict[str, Any], normal_form: str, split: str, settings: dict[str, Any]
) -> dict[str, Any]:
    """Return the settings for reading a corpus to measure: the model's own, with some changes.

    Args:
        recorded: settings of the model's own corpus, from its manifest.
        normal_form: normal form of the model's tokenizer.
        split: "all", or the name of a split.
        settings: chosen fields of `DocumentRule`.

    Raises:
        UsageError: an unknown setting.
        DataError: the manifest is damaged.
    """
    reject_unknown(settings, DocumentRule.names())
    try:
        own = CorpusConfig.from_dict(recorded, where="manifest.json: corpus")
    except UsageError as error:
        raise DataError(str(error)) from None
    names = [*HOW_TEXT_IS_READ, *(WHICH_TEXT_IS_READ if split != "all" else ())]
    if {"column", "template"} & settings.keys():
        names = [name for name in names if name not in ("column", "template")]
    kept = {name: getattr(own, name) for name in names}
    tokenizer = "word" if own.strict else "char"  # any kind but strict words reads alike
    fixed = {"normalize": normal_form, "tokenizer": tokenizer}
    return {**kept, **settings, **fixed}
