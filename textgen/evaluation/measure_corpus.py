"""Measures a model on a corpus, read as the model's own was."""

from collections.abc import Collection
from typing import Any

from textgen.config.base import reject_unknown
from textgen.config.corpus import CorpusConfig, DocumentRule, TextPolicy
from textgen.corpus.collect import collect
from textgen.corpus.progress import UNWATCHED, Watch
from textgen.corpus.resolve import open_source
from textgen.corpus.splits import choose_split, read_spans, survey
from textgen.corpus.texts import CorpusArgument
from textgen.errors import DataError, UsageError
from textgen.evaluation.quality import Quality
from textgen.evaluation.scorer import measure
from textgen.runtime.engine.engine import Engine
from textgen.tokenization.tokenizer import Tokenizer

# What of a model's own settings a text to be measured on takes over; the rest, for a split of it.
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
    watch: Watch = UNWATCHED,
    *,
    inherited: Collection[str] = (),
) -> Quality:
    """Measure a model on a corpus, or on one of its splits.

    Args:
        decoder: the model.
        tokenizer: what its tokens are.
        corpus: a file, folder, glob, hub set, recipe, or texts in memory.
        reading: fields of `CorpusConfig`, as `how_to_read` returns them.
        split: "all", or the name of a split.
        watch: is told of each stage's advance, and what takes long.
        inherited: those of `reading` that nobody chose for this corpus.
    """
    opened = open_source(corpus, reading, watch, inherited=inherited)
    with opened as source, collect(source, watch) as documents:
        cut, part = choose_split(survey(documents), split, source.config.validation)
        pieces = (piece for here, piece in read_spans(documents, cut) if here.split == part)
        return measure(decoder, tokenizer, pieces, watch)


def how_to_read(
    told: dict[str, Any], normal_form: str, split: str, settings: dict[str, Any]
) -> dict[str, Any]:
    """Return how a corpus is read to be measured on: as the model's own was, with some changes.

    Args:
        told: the settings of the model's own corpus, as its manifest holds them.
        normal_form: that the model's tokenizer wants.
        split: the part that is wanted.
        settings: fields of `DocumentRule` that were chosen.

    Raises:
        UsageError: an unknown setting.
        DataError: the manifest is damaged.
    """
    reject_unknown(settings, DocumentRule.names())
    try:
        own = CorpusConfig.from_dict(told, where="manifest.json: corpus")
    except UsageError as error:
        raise DataError(str(error)) from None
    names = [*HOW_TEXT_IS_READ, *(WHICH_TEXT_IS_READ if split != "all" else ())]
    if {"column", "template"} & settings.keys():
        names = [name for name in names if name not in ("column", "template")]
    kept = {name: getattr(own, name) for name in names}
    tokenizer = "word" if own.strict else "char"  # which of the others makes no difference
    fixed = {"normalize": normal_form, "tokenizer": tokenizer}
    return {**kept, **settings, **fixed}
