"""Token stores of corpora, prepared once and found again in the cache."""

import logging
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import platformdirs

from textgen.corpus.resolve import open_source
from textgen.corpus.source import Source
from textgen.corpus.texts import Texts, as_corpus
from textgen.errors import Busy, DataError, MissingInput
from textgen.files import make_folder, refuse_existing, sweep
from textgen.folder_lock import FolderLock
from textgen.progress import SILENT, ProgressReporter
from textgen.tokenization.prepare import prepare, store_key
from textgen.tokenization.token_store import TokenStore

logger = logging.getLogger(__name__)
MOVED = "prepared corpora go there; XDG_CACHE_HOME or 'textgen prepare -o' names another place"
TEMPORARY = "or name another folder in TMPDIR"


def as_store(name: str, value: Any, _: Any = None) -> str | Texts | TokenStore:
    """Return a token store as it is, and anything else as `as_corpus` does.

    Raises:
        UsageError: it is no corpus.
    """
    return value if isinstance(value, TokenStore) else as_corpus(name, value)


# The types of a corpus to train on.
StoreArgument = Annotated[
    str | Path | Texts | TokenStore | Iterable[str | Mapping[str, Any]], as_store
]


def is_store(corpus: str | Texts | TokenStore) -> bool:
    """Return whether a corpus is a token store."""
    if isinstance(corpus, str):
        return TokenStore.is_store(Path(corpus))
    return isinstance(corpus, TokenStore)


def open_corpus(
    corpus: str | Texts | TokenStore,
    settings: Mapping[str, Any],
    progress: ProgressReporter = SILENT,
) -> TokenStore:
    """Return the token store of a corpus.

    Args:
        corpus: a token store, or anything that `open_source` takes. That is prepared in the user's
            cache folder, and found there the next time. If that folder cannot be written to, it
            is prepared in a temporary folder, which is removed with the store.
        settings: the chosen ones of `CorpusConfig`; those of a recipe and the defaults fill in.
        progress: receives each stage's progress.

    Raises:
        UsageError: the store was prepared with other settings, or a setting is illegal.
        MissingInput, DataError, OSError: as `open_source` and `prepare` do.
    """
    if isinstance(corpus, str) and is_store(corpus):
        corpus = TokenStore(Path(corpus))
    if isinstance(corpus, TokenStore):
        corpus.require(settings)
        return corpus
    with open_source(corpus, settings, progress) as source:
        return store_of(source, progress)


def store_of(source: Source, progress: ProgressReporter = SILENT) -> TokenStore:
    """Return the token store of a source, prepared in the cache; see `open_corpus`."""
    folder = Path(platformdirs.user_cache_dir("textgen")) / "stores" / store_key(source)[:32]
    if problem := _why_unwritable(folder.parent):
        return _prepared_there(source, folder) or _prepare_for_now(source, problem, progress)
    with _with_remedy(folder.parent, MOVED):
        return prepare_once(source, folder, progress=progress)


def _why_unwritable(folder: Path) -> str | None:
    """Make a folder, and return the reason why nothing can be written to it, if there is one."""
    try:
        make_folder(folder)
    except OSError as error:
        return f"{error.filename or folder}: {error.strerror}"
    return None if os.access(folder, os.W_OK | os.X_OK) else f"{folder}: cannot be written to"


def _prepared_there(source: Source, folder: Path) -> TokenStore | None:
    """Return the undamaged store of the corpus in a cache that can only be read, if it is there."""
    try:
        store = TokenStore(folder)
    except (MissingInput, DataError):
        return None
    return store if store.manifest.key == store_key(source) else None


def _prepare_for_now(source: Source, problem: str, progress: ProgressReporter) -> TokenStore:
    """Prepare a corpus in a temporary folder, which is removed with the store."""
    place = Path(tempfile.gettempdir())
    with _with_remedy(place, TEMPORARY):
        folder = Path(tempfile.mkdtemp(prefix="textgen-"))
        logger.warning("%s; %s; this once the corpus is prepared in %s", problem, MOVED, place)
        try:
            store = prepare(source, folder / "store", progress=progress)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    weakref.finalize(store, shutil.rmtree, folder, ignore_errors=True)
    return store


@contextmanager
def _with_remedy(folder: Path, remedy: str) -> Iterator[None]:
    """Add a remedy to errors of writing below a folder."""
    try:
        yield
    except OSError as error:
        if not str(error.filename or "").startswith(str(folder)):
            raise
        raise OSError(error.errno, f"{error.strerror}; {remedy}", error.filename) from None


def corpus_fingerprint(
    corpus: str | Texts | TokenStore,
    settings: Mapping[str, Any],
    progress: ProgressReporter = SILENT,
) -> tuple[str, str]:
    """Return a corpus's name and the SHA-256 over its bytes, without preparing it.

    Args:
        corpus: as for `open_corpus`.
        settings: fields of `CorpusConfig`, which decide what belongs to it.
        progress: receives the bytes that come from the hub.

    Raises:
        UsageError, MissingInput, DataError, OSError: as `open_source` does.
    """
    if isinstance(corpus, str) and is_store(corpus):
        corpus = TokenStore(Path(corpus))
    if isinstance(corpus, TokenStore):
        return corpus.manifest.corpus, corpus.manifest.fingerprint
    with open_source(corpus, settings, progress) as source:
        return source.name, source.fingerprint


def prepare_once(
    source: Source,
    folder: Path,
    *,
    overwrite: bool = False,
    progress: ProgressReporter = SILENT,
) -> TokenStore:
    """Prepare a corpus unless that has been done. One process does it, others wait for it.

    Args:
        source: the corpus.
        folder: of the token store.
        overwrite: move anything else that is there aside.
        progress: receives each stage's progress.

    Raises:
        UsageError: something else is there, and `overwrite` is false.
        DataError, OSError: as `prepare` does.
    """
    lock = FolderLock(folder)
    try:
        with lock.held(wait=False):
            return _prepare_locked(source, folder, overwrite, progress)
    except Busy as owner:
        logger.info("%s prepares this corpus; waiting until %s is free ...", owner, lock.file)
    with lock.held(wait=True):
        return _prepare_locked(source, folder, overwrite, progress)


def _prepare_locked(
    source: Source, folder: Path, overwrite: bool, progress: ProgressReporter
) -> TokenStore:
    """Return the store in a folder if it is that of the corpus, otherwise make it."""
    if TokenStore.is_store(folder):
        try:
            store = TokenStore(folder)
        except DataError:
            overwrite = True  # nothing is lost of a damaged store
        else:
            if store.manifest.key == store_key(source):
                logger.info("%s: prepared already, from the same text in the same way", folder)
                return store
    if not overwrite:
        refuse_existing(folder)  # before the work, not after it
    sweep(folder.absolute().parent.resolve(), folder.name)
    return prepare(source, folder, overwrite=overwrite, progress=progress)
