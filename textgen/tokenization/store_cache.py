"""From a CORPUS argument to an open token store, prepared once however many ask for it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import platformdirs

from textgen.corpus.source import Source
from textgen.corpus.sources import open_source
from textgen.corpus.texts import Texts, as_corpus
from textgen.corpus.watch import UNWATCHED, Watch
from textgen.errors import Busy, DataError
from textgen.files import refuse_existing, sweep
from textgen.folder_lock import FolderLock
from textgen.tokenization.prepare import prepare, store_key
from textgen.tokenization.token_store import TokenStore


def as_store(name: str, value: Any, _: Any = None) -> str | Texts | TokenStore:
    """Return what `as_corpus` does, or a corpus that has been prepared.

    Raises:
        UsageError: it is something else.
    """
    return value if isinstance(value, TokenStore) else as_corpus(name, value)


# What a corpus to train on may be given as.
StoreArgument = Annotated[
    str | Path | Texts | TokenStore | Iterable[str | Mapping[str, Any]], as_store
]


def is_store(corpus: str | Texts | TokenStore) -> bool:
    """Tell whether a corpus has been prepared before."""
    if isinstance(corpus, str):
        return TokenStore.is_store(Path(corpus))
    return isinstance(corpus, TokenStore)


def open_corpus(
    corpus: str | Texts | TokenStore,
    settings: Mapping[str, Any],
    watch: Watch = UNWATCHED,
) -> TokenStore:
    """Return the token store of a corpus.

    Args:
        corpus: a token store, or anything that `open_source` takes; that is prepared in the
            user's cache folder and found there again.
        settings: those of `CorpusConfig` that were chosen; a recipe's, then the defaults, fill in.
        watch: is told of each stage's advance, and what takes long.

    Raises:
        UsageError: a store that was prepared with other settings, or an illegal setting.
        MissingInput, DataError, OSError: as `open_source` and `prepare` do.
    """
    if isinstance(corpus, str) and is_store(corpus):
        corpus = TokenStore(Path(corpus))
    if isinstance(corpus, TokenStore):
        corpus.require(settings)
        return corpus
    with open_source(corpus, settings, watch) as source:
        folder = Path(platformdirs.user_cache_dir("textgen")) / "stores" / store_key(source)[:32]
        return prepare_once(source, folder, watch=watch)


def prepare_once(
    source: Source,
    folder: Path,
    *,
    overwrite: bool = False,
    watch: Watch = UNWATCHED,
) -> TokenStore:
    """Prepare a corpus, unless that has been done; one process does it and the others wait.

    Args:
        source: the corpus.
        folder: of the token store.
        overwrite: move what stands there aside, if it is anything else.
        watch: as for `open_corpus`.

    Raises:
        UsageError: something else stands there, and `overwrite` is false.
        DataError, OSError: as `prepare` does.
    """
    lock = FolderLock(folder)
    try:
        with lock.held(wait=False):
            return _prepare_locked(source, folder, overwrite, watch)
    except Busy as owner:
        watch.tell(f"{owner} prepares this corpus; waiting for it ...")
    with lock.held(wait=True):
        return _prepare_locked(source, folder, overwrite, watch)


def _prepare_locked(source: Source, folder: Path, overwrite: bool, watch: Watch) -> TokenStore:
    """Return the store that is there if it is of this corpus, or make it."""
    if TokenStore.is_store(folder):
        try:
            store = TokenStore(folder)
        except DataError:
            overwrite = True  # of a damaged one nothing is lost
        else:
            if store.manifest.key == store_key(source):
                watch.tell(f"{folder}: prepared already, from the same text in the same way")
                return store
    if not overwrite:
        refuse_existing(folder)  # before the work, not after it
    sweep(folder.parent, folder.name)
    return prepare(source, folder, overwrite=overwrite, watch=watch)
