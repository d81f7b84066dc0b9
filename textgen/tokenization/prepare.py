"""From a source to a token store: survey, cut, learn the tokenizer, encode."""

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from textgen.config.corpus import CorpusConfig, TextPolicy
from textgen.errors import DataError
from textgen.files import new_folder
from textgen.tokenization.reader import read_text
from textgen.tokenization.sources import Source
from textgen.tokenization.splits import SPLITS, Document, Span, assign_splits
from textgen.tokenization.token_store import (
    TOKENIZER,
    SplitCounts,
    StoreManifest,
    TokenStore,
    split_path,
    token_dtype,
)
from textgen.tokenization.tokenizer import EOS_ID, TokenIds, Tokenizer

PIECES_AT_ONCE = 32

# Called with a stage's name and the characters that it has done since the last call.
Progress = Callable[[str, int], None]


def ignore_progress(stage: str, characters: int) -> None:
    """Show nothing."""


def prepare(
    source: Source,
    config: CorpusConfig,
    out: Path,
    *,
    overwrite: bool = False,
    progress: Progress = ignore_progress,
) -> TokenStore:
    """Write a corpus as a token store.

    Args:
        source: the corpus's files.
        config: how they are read, cut and tokenized.
        out: the folder to make.
        overwrite: move what stands there aside.
        progress: is told of each stage's advance.

    Raises:
        DataError: the corpus is empty or cannot be read.
        UsageError: `out` exists and `overwrite` is false.
        OSError: the disk refused; nothing is left half-written.
    """
    documents = survey(source, config.text_policy, progress)
    spans, rule = assign_splits(documents, config.validation)
    tokenizer = Tokenizer.train(
        config.tokenizer,
        _training_text(spans, config.text_policy, progress),
        normal_form=config.normalize,
        vocab_size=config.vocab_size,
    )
    with new_folder(out, overwrite=overwrite) as folder:
        counts = _write_tokens(folder, spans, tokenizer, config.text_policy, progress)
        (folder / TOKENIZER).write_text(tokenizer.to_json(), encoding="utf-8")
        StoreManifest(
            corpus=source.name,
            licence=source.licence,
            fingerprint=source.fingerprint(),
            settings=config.to_dict(),
            cut=rule,
            counts=counts,
        ).write(folder)
    return TokenStore(out)


def survey(source: Source, policy: TextPolicy, progress: Progress) -> list[Document]:
    """Read a corpus once, to know its documents before any of them is cut.

    Raises:
        DataError: there is no text in it, or a file cannot be read.
    """
    documents = []
    for file in source.files:
        digest, characters = hashlib.sha256(), 0
        for piece in read_text(file.path, policy, name=file.name):
            digest.update(piece.encode())
            characters += len(piece)
            progress("reading", len(piece))
        if characters:
            short = int.from_bytes(digest.digest()[:8], "big")
            documents.append(Document(file.path, file.split, characters, short))
    if not documents:
        raise DataError(f"{source.name}: the corpus is empty; give a file with some text")
    return documents


def span_text(span: Span, policy: TextPolicy) -> Iterator[str]:
    """Yield the text of a span, piece by piece."""
    position = 0
    for piece in read_text(span.document.path, policy):
        part = piece[max(span.start - position, 0) : max(span.stop - position, 0)]
        position += len(piece)
        if part:
            yield part
        if position >= span.stop:
            return


def _training_text(spans: list[Span], policy: TextPolicy, progress: Progress) -> Iterator[str]:
    """Yield the text that the tokenizer learns from: the training split's alone."""
    for span in spans:
        if span.split == "train":
            for piece in span_text(span, policy):
                progress("learning tokens", len(piece))
                yield piece


def _write_tokens(
    folder: Path, spans: list[Span], tokenizer: Tokenizer, policy: TextPolicy, progress: Progress
) -> dict[str, SplitCounts]:
    """Write the ids of every split and return the counts."""
    dtype = token_dtype(tokenizer.vocab_size)
    counts = {}
    for split in SPLITS:
        counts[split] = SplitCounts()
        with split_path(folder, split).open("wb") as file:
            for span in (span for span in spans if span.split == split):
                for text, ids in encode_pieces(span_text(span, policy), tokenizer):
                    file.write(ids.astype(dtype).tobytes())
                    counts[split] = counts[split].plus(text, len(ids))
                    progress("encoding", len(text))
    return counts


def encode_pieces(pieces: Iterable[str], tokenizer: Tokenizer) -> Iterator[tuple[str, TokenIds]]:
    """Yield each piece of a document with its ids, then `<eos>` with no text.

    Pieces are tokenized one by one, many of them at a time, on all cores.
    """
    pieces = iter(pieces)
    while batch := list(itertools.islice(pieces, PIECES_AT_ONCE)):
        yield from zip(batch, tokenizer.encode_batch(batch), strict=True)
    yield "", np.array([EOS_ID], np.int32)
