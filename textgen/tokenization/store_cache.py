"""From a CORPUS argument to an open token store, prepared now or on an earlier run."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs

from textgen.corpus.sources import Source, open_source
from textgen.errors import DataError, UsageError
from textgen.tokenization.prepare import Progress, ignore_progress, prepare
from textgen.tokenization.token_store import FORMAT, TokenStore


def open_corpus(
    corpus: str, settings: Mapping[str, Any], progress: Progress = ignore_progress
) -> TokenStore:
    """Return the token store of a corpus.

    Args:
        corpus: a token store, or anything that `open_source` takes; that is prepared in the
            user's cache folder and found there again.
        settings: those of `CorpusConfig` that were chosen; a recipe's, then the defaults, fill in.
        progress: is told of each stage's advance.

    Raises:
        UsageError: a store that was prepared with other settings, or an illegal setting.
        MissingInput, DataError: as `open_source` and `prepare` do.
    """
    if TokenStore.is_store(Path(corpus)):
        store = TokenStore(Path(corpus))
        store.require(settings)
        return store
    with open_source(corpus, settings) as source:
        return _cached(source, progress)


def _cached(source: Source, progress: Progress) -> TokenStore:
    """Return a store from the cache; the same bytes and settings have the same place there."""
    config = source.config.to_dict()
    identity = [FORMAT, source.name, source.licence, source.fingerprint(), config]
    tokenizer = Path(source.config.tokenizer)
    if tokenizer.is_file():
        identity.append(hashlib.sha256(tokenizer.read_bytes()).hexdigest())
    name = hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:32]
    folder = Path(platformdirs.user_cache_dir("textgen")) / "stores" / name
    damaged = False
    if TokenStore.is_store(folder):
        try:
            return TokenStore(folder)
        except DataError:
            damaged = True
    try:
        return prepare(source, folder, overwrite=damaged, progress=progress)
    except UsageError:
        if not TokenStore.is_store(folder):
            raise
        return TokenStore(folder)  # another process made it meanwhile
