"""The start of a training: as it was named, or as it suits the text."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from textgen.artifact.run_settings import DECIDED_BY_MODEL
from textgen.config.corpus import CorpusConfig
from textgen.config.start import AUTO, BASES, SAMPLE, SCRATCH, USUAL_BASE, model_of
from textgen.corpus.documents import read_documents
from textgen.corpus.resolve import open_source
from textgen.corpus.source import Source
from textgen.corpus.statistics import CorpusStatistics
from textgen.errors import UsageError, by_setting
from textgen.paths import named
from textgen.progress import ProgressReporter
from textgen.tokenization.store_cache import is_store, open_corpus, store_of
from textgen.tokenization.token_store import TokenStore
from textgen.trainer.initialization import FromModel, Given, Initialization
from textgen.trainer.suitability import suitability_of

logger = logging.getLogger(__name__)

SAMPLED_FILES = 8


def initialization_of(start: str | Path, settings: Mapping[str, Any]) -> Initialization:
    """Return the initialization that a start names.

    Args:
        start: a name of `STARTS`, or the path of a model folder.
        settings: as for `Initialization`.

    Raises:
        UsageError, MissingInput, DataError, UnsafeModel: as for `FromModel`.
    """
    if start == AUTO:
        return Undecided(settings)
    folder = model_of(start)
    return FromModel(named(folder), settings) if folder else Initialization(settings)


class Undecided(Initialization):
    """A training that starts from a base model if that suits the text, else from random weights.

    It suits if settings and corpus leave network and tokens open, and if it predicts the text about
    as well as a compressor packs it. What was chosen, and why, is logged in a line.
    """

    def open(self, corpus: Given, progress: ProgressReporter) -> tuple[Initialization, TokenStore]:
        """Choose the start, and open the corpus for it.

        Raises:
            MissingInput, DataError, UsageError: as for `open_corpus`.
        """
        base, scratch = self._base(), Initialization(self._settings)
        if base is None:
            return scratch.open(corpus, progress)
        if is_store(corpus):
            store = open_corpus(corpus, self.corpus, progress)
            is_open = base.has_tokens_of(store)
            return (base if _suits(base, store.texts("train"), is_open) else scratch).take(store)
        with open_source(corpus, self.corpus, progress) as source:
            if not _suits(base, sample_of(source), _leaves_tokens_open(source.config)):
                return scratch.take(store_of(source, progress))
            in_its_tokens = replace(source, config=source.config.replace(**base.reading))
            return base.take(store_of(in_its_tokens, progress))

    def _base(self) -> FromModel | None:
        """Return the base model with the settings; None if they are for another network."""
        try:
            return FromModel(BASES[USUAL_BASE], self._settings)
        except (
            UsageError
        ) as error:  # legal settings, as `__init__` has seen, but not for this model
            logger.info(f"start: random weights, for {str(error).split(';')[0]}")
            return None


def sample_of(source: Source) -> Iterator[str]:
    """Yield the beginnings of some files of a source, of equal length."""
    files = [file for file in source.files if not file.is_held_out]
    chosen = files[:: -(-len(files) // SAMPLED_FILES)]
    for file in chosen:
        pieces = read_documents(file, CorpusStatistics())
        text = chain.from_iterable(piece for piece in pieces if isinstance(piece, str))
        yield "".join(islice(text, SAMPLE // len(chosen)))


def _suits(base: FromModel, texts: Iterable[str], is_open: bool) -> bool:
    """Return whether a base model suits a corpus, and log why.

    Args:
        base: the model.
        texts: of the corpus.
        is_open: whether the corpus leaves the tokens open, or has those of the model.
    """
    if not is_open:
        logger.info(f"start: random weights, for the corpus has other tokens than {USUAL_BASE}")
        return False
    found = suitability_of(base.model, texts)
    if found is None:  # an empty corpus, which is refused later
        return False
    chosen, other = (USUAL_BASE, SCRATCH) if found.is_enough else ("random weights", USUAL_BASE)
    logger.info(
        f"start: {chosen}, for {USUAL_BASE} predicts this text at {found.model:.2f} bits per byte, "
        f"and bzip2 packs it to {found.bzip2:.2f}; {by_setting('{}', 'start', other)} takes the "
        f"other"
    )
    return found.is_enough


def _leaves_tokens_open(config: CorpusConfig) -> bool:
    """Return whether a corpus, as a recipe, asks for no tokens of its own."""
    return all(getattr(config, n) == getattr(CorpusConfig(), n) for n in DECIDED_BY_MODEL)
