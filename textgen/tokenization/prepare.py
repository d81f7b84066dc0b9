"""From a source to a token store: survey, cut, learn the tokenizer, encode."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import numpy as np

from textgen.config.corpus import TOKENIZERS
from textgen.corpus.documents import read_documents
from textgen.corpus.sources import Source
from textgen.errors import DataError, UsageError
from textgen.files import new_folder
from textgen.tokenization.kinds import STRICT
from textgen.tokenization.splits import SPLITS, Cut, Survey, assign_splits
from textgen.tokenization.token_store import (
    TOKENIZER,
    SplitCounts,
    StoreManifest,
    TokenStore,
    split_path,
    token_dtype,
)
from textgen.tokenization.tokenizer import EOS_ID, TokenIds, Tokenizer

# Pieces are encoded together, on all cores, when they hold so many characters, or are so many.
CHARACTERS_AT_ONCE = 1 << 21
PIECES_AT_ONCE = 1 << 14
# A tokenizer learns from, and one of the user's own is tried on, so many characters at most.
SAMPLE_CHARACTERS = 1 << 27
TRIED_CHARACTERS = 1 << 20

Tag = TypeVar("Tag")
# Called with a stage's name and the characters that it has done since the last call.
Progress = Callable[[str, int], None]


def ignore_progress(stage: str, characters: int) -> None:
    """Show nothing."""


def prepare(
    source: Source, out: Path, *, overwrite: bool = False, progress: Progress = ignore_progress
) -> TokenStore:
    """Write a corpus as a token store.

    Args:
        source: the corpus, and how it is read, cut and tokenized.
        out: the folder to make.
        overwrite: move what stands there aside.
        progress: is told of each stage's advance.

    Raises:
        DataError: the corpus is empty or cannot be read.
        UsageError: `out` exists and `overwrite` is false.
        OSError: the disk refused; nothing is left half-written.
    """
    found = survey(source, progress)
    cut = assign_splits(found, source.config.validation)
    tokenizer, notes = _make_tokenizer(source, found, cut, progress)
    with new_folder(out, overwrite=overwrite) as folder:
        counts = _write_tokens(folder, source, cut, tokenizer, progress)
        (folder / TOKENIZER).write_text(tokenizer.to_json(), encoding="utf-8")
        StoreManifest(
            corpus=source.name,
            licence=source.licence,
            fingerprint=source.fingerprint(),
            settings=source.config.to_dict(),
            cut=cut.rule,
            counts=counts,
            notes=[*_notes(source, found), *notes],
        ).write(folder)
    return TokenStore(out)


def survey(source: Source, progress: Progress = ignore_progress) -> Survey:
    """Read a corpus once, to know its documents before any of them is cut.

    Raises:
        DataError: there is no text in it, or something cannot be read.
    """
    found = Survey()
    for part in source.parts:
        digest, characters = hashlib.sha256(), 0
        for piece in read_documents(part, source.config, found.skipped):
            if piece is None:
                found.add(part.split, characters, digest.digest())
                digest, characters = hashlib.sha256(), 0
                continue
            digest.update(piece.encode())
            characters += len(piece)
            progress("reading", len(piece))
    if not found.characters:
        raise DataError(f"{source.name}: the corpus is empty; give a file with some text")
    return found


def read_spans(source: Source, cut: Cut) -> Iterator[tuple[str, str | None]]:
    """Yield the pieces of a corpus, each with its split; `None` ends a span."""
    number = 0
    for piece in _divided(_pieces(source), cut.divided):
        yield SPLITS[cut.spans[number]], piece
        number += piece is None


def _pieces(source: Source) -> Iterator[str | None]:
    """Yield the documents of all parts."""
    for part in source.parts:
        yield from read_documents(part, source.config, Counter())


def _divided(pieces: Iterator[str | None], divided: tuple[int, int] | None) -> Iterator[str | None]:
    """End one of the documents early, at a character, and go on with its rest as another."""
    document, at = divided or (-1, 0)
    number = position = 0
    for piece in pieces:
        if number != document or piece is None:
            yield piece
            number += piece is None
            continue
        here = at - position
        position += len(piece)
        if not 0 <= here < len(piece):
            yield piece
            continue
        yield piece[:here]
        yield None
        yield piece[here:]


def learn_tokenizer(
    source: Source, progress: Progress = ignore_progress
) -> tuple[Tokenizer, list[str]]:
    """Learn a corpus's tokenizer from a part of its training split, or read the user's own.

    Returns:
        the tokenizer, and what people should know about it.

    Raises:
        DataError: the corpus is empty or cannot be read, or the user's own is no tokenizer.
        MissingInput: the user's own is not there.
    """
    found = survey(source, progress)
    cut = assign_splits(found, source.config.validation)
    return _make_tokenizer(source, found, cut, progress)


def _make_tokenizer(
    source: Source, found: Survey, cut: Cut, progress: Progress
) -> tuple[Tokenizer, list[str]]:
    """Do what `learn_tokenizer` does, for a corpus that has been surveyed."""
    config = source.config
    if config.tokenizer not in TOKENIZERS:
        tokenizer = Tokenizer.from_file(Path(config.tokenizer), config.normalize)
        if config.strict and tokenizer.kind != STRICT:
            raise UsageError(f"strict goes with the tokenizer word, not with {config.tokenizer}")
        tried = "".join(_sample(source, found, cut, TRIED_CHARACTERS, progress))
        lost = tokenizer.loses(tried)
        note = f"{config.tokenizer} does not give every text back as it was: not {lost!r:.60}"
        return tokenizer, [] if lost is None else [note]
    texts = _sample(source, found, cut, SAMPLE_CHARACTERS, progress)
    tokenizer = Tokenizer.train(
        config.tokenizer_kind, texts, normal_form=config.normalize, vocab_size=config.types_wanted
    )
    sampled = found.characters > SAMPLE_CHARACTERS
    return tokenizer, [f"tokens were learned from {SAMPLE_CHARACTERS:,} characters"] * sampled


def _sample(
    source: Source, found: Survey, cut: Cut, most: int, progress: Progress
) -> Iterator[str]:
    """Yield pieces of the training split, evenly spread, of about `most` characters together."""
    share = min(1.0, most / found.characters)
    seen = kept = 0
    for split, piece in read_spans(source, cut):
        progress("learning tokens", len(piece or ""))
        if piece and split == "train":
            seen += len(piece)
            if kept < seen * share:
                kept += len(piece)
                yield piece


def _notes(source: Source, found: Survey) -> list[str]:
    """Return what people should know about what was not read."""
    notes = [f"{what}: {count:,}, left out" for what, count in found.skipped.items()]
    if source.ignored:
        shown = ", ".join(source.ignored[:5]) + (", ..." if len(source.ignored) > 5 else "")
        notes.append(f"not read, being of no known form or split: {shown}")
    return notes


def _write_tokens(
    folder: Path, source: Source, cut: Cut, tokenizer: Tokenizer, progress: Progress
) -> dict[str, SplitCounts]:
    """Write the ids of every split and return the counts."""
    dtype = token_dtype(tokenizer.vocab_size)
    counts = {split: SplitCounts() for split in SPLITS}
    with ExitStack() as stack:
        files = {s: stack.enter_context(split_path(folder, s).open("wb")) for s in SPLITS}
        for split, text, ids in encode_pieces(read_spans(source, cut), tokenizer):
            files[split].write(ids.astype(dtype).tobytes())
            counts[split] = counts[split].plus(text, len(ids))
            progress("encoding", len(text or ""))
    return counts


def encode_pieces(
    pieces: Iterable[tuple[Tag, str | None]], tokenizer: Tokenizer
) -> Iterator[tuple[Tag, str | None, TokenIds]]:
    """Yield each piece with its ids; the end of a document is `<eos>`.

    Args:
        pieces: of documents, each with a tag that stays with it; `None` ends a document.
        tokenizer: takes the pieces one by one, many of them at a time, on all cores.
    """
    end = np.array([EOS_ID], np.int32)
    for batch in _batches(pieces):
        encoded = iter(tokenizer.encode_batch([text for _, text in batch if text is not None]))
        for tag, text in batch:
            yield tag, text, end if text is None else next(encoded)


def _batches(
    pieces: Iterable[tuple[Tag, str | None]],
) -> Iterator[list[tuple[Tag, str | None]]]:
    """Group pieces so that each group is worth all cores and fits into memory."""
    batch: list[tuple[Tag, str | None]] = []
    characters = 0
    for entry in pieces:
        batch.append(entry)
        characters += len(entry[1] or "")
        if characters >= CHARACTERS_AT_ONCE or len(batch) >= PIECES_AT_ONCE:
            yield batch
            batch, characters = [], 0
    yield batch
