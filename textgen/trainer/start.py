"""The start of a training: as it was named, or as it suits the text."""

import bz2
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from textgen.artifact.model_folder import Model
from textgen.artifact.run_settings import DECIDED_BY_MODEL
from textgen.config.corpus import CorpusConfig
from textgen.config.start import AUTO, BASES, SAMPLE, SCRATCH, SUITABLE, USUAL_BASE, model_of
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

    It suits if the settings leave network and tokens open, and if it predicts the text about as
    well as a compressor does, which has learned from nothing else.
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
            is_base = base.has_tokens_of(store) and suits(base.model, store.texts("train"))
            return (base if is_base else scratch).take(store)
        with open_source(corpus, self.corpus, progress) as source:
            if not _leaves_tokens_open(source.config) or not suits(base.model, sample_of(source)):
                return scratch.take(store_of(source, progress))
            in_its_tokens = replace(source, config=source.config.replace(**base.reading))
            return base.take(store_of(in_its_tokens, progress))

    def _base(self) -> FromModel | None:
        """Return the base model with the settings; None if they are for another network."""
        try:
            return FromModel(BASES[USUAL_BASE], self._settings)
        except UsageError:  # legal settings, as `__init__` has seen, but not for this model
            return None


def sample_of(source: Source) -> Iterator[str]:
    """Yield the beginnings of some files of a source, of equal length."""
    files = [file for file in source.files if not file.is_held_out]
    chosen = files[:: -(-len(files) // SAMPLED_FILES)]
    for file in chosen:
        pieces = read_documents(file, CorpusStatistics())
        yield _first((p for p in pieces if isinstance(p, str)), SAMPLE // len(chosen))


def suits(model: Model, texts: Iterable[str]) -> bool:
    """Return whether a model knows something of a language, and log that.

    Args:
        model: the model.
        texts: of the language; the first characters are read.
    """
    from textgen.evaluation.scorer import measure  # loads ONNX Runtime
    from textgen.runtime.engine.loading import load_engine

    text = _first(texts, SAMPLE)
    if not text:
        return False
    data = text.encode()
    packed = 8 * len(bz2.compress(data)) / len(data)
    engine = load_engine(model.config, model.weights, precision=model.precision)
    bits = measure(engine, model.tokenizer, [text]).bits_per_byte
    is_suitable = bits <= SUITABLE * packed
    chosen, other = (USUAL_BASE, SCRATCH) if is_suitable else ("random weights", USUAL_BASE)
    logger.info(
        f"start: {chosen}, for {USUAL_BASE} predicts this text at {bits:.2f} bits per byte, and "
        f"bzip2 packs it to {packed:.2f}; {by_setting('{}', 'start', other)} takes the other"
    )
    return is_suitable


def _leaves_tokens_open(config: CorpusConfig) -> bool:
    """Return whether a corpus, as a recipe, asks for no tokens of its own."""
    return all(getattr(config, n) == getattr(CorpusConfig(), n) for n in DECIDED_BY_MODEL)


def _first(pieces: Iterable[str], characters: int) -> str:
    """Return the first characters of a text that comes in pieces."""
    return "".join(islice(chain.from_iterable(pieces), characters))
