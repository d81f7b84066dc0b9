"""Preparation of a token store: splits the documents, learns the tokenizer, encodes."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.config.corpus import SPLITS, TOKENIZERS
from textgen.corpus.collect import Documents, collect
from textgen.corpus.corpus_file import Origin
from textgen.corpus.documents import READING_VERSION
from textgen.corpus.selection.filters import SELECTION_VERSION
from textgen.corpus.source import Source
from textgen.corpus.splits import SPLITS_VERSION, Cut, assign_splits, read_spans, survey
from textgen.errors import UsageError
from textgen.files import new_folder
from textgen.progress import SILENT, ProgressReporter
from textgen.tokenization.encode_pieces import encode_pieces
from textgen.tokenization.kinds import STRICT, TOKENS_VERSION
from textgen.tokenization.token_store import (
    FORMAT,
    REMOVED,
    SplitCounts,
    StoreManifest,
    TokenStore,
    labels_path,
    split_path,
    token_dtype,
)
from textgen.tokenization.tokenizer import CUSTOM, TOKENIZER, Tokenizer

# Versions of the code that decides the contents of a store. Each is beside its code.
CODE_VERSIONS = {
    "reading": READING_VERSION,
    "selection": SELECTION_VERSION,
    "splits": SPLITS_VERSION,
    "tokens": TOKENS_VERSION,
}
# The most characters that a tokenizer learns from, by kind.
SAMPLE_CHARACTERS = {"unigram": 1 << 23}  # whose trainer sorts all suffixes of the text
MOST_SAMPLE_CHARACTERS = 1 << 27
TRIED_CHARACTERS = 1 << 20  # the most that a tokenizer of the user is tried on
SHOWN_AROUND = 20  # characters on each side of the first that it changes


def prepare(
    source: Source, out: Path, *, overwrite: bool = False, progress: ProgressReporter = SILENT
) -> TokenStore:
    """Write a corpus as a token store.

    Args:
        source: the corpus, and its settings.
        out: the folder to make.
        overwrite: move anything at `out` aside.
        progress: receives each stage's progress.

    Raises:
        DataError: the corpus is empty or cannot be read.
        UsageError: `out` exists and `overwrite` is false.
        OSError: the disk refused; nothing is left half-written.
    """
    key = store_key(source)  # before the work, which might take a file that changes
    with collect(source, progress) as documents:
        cut = assign_splits(survey(documents), source.config.validation)
        tokenizer, notes = _make_tokenizer(documents, cut, progress)
        with new_folder(out, overwrite=overwrite) as folder:
            counts = _write_tokens(folder, documents, cut, tokenizer, progress)
            (folder / TOKENIZER).write_text(tokenizer.to_json(), encoding="utf-8")
            _write_listing(folder / REMOVED, documents)
            StoreManifest(
                corpus=source.name,
                licence=source.licence,
                fingerprint=source.fingerprint,
                key=key,
                settings=source.config.to_dict(),
                cut=cut.rule,
                counts=counts,
                sources=_sources(documents),
                labels=_labels(documents),
                changes=dict(documents.statistics.changes),
                removed=dict(documents.statistics.removed),
                encodings=documents.statistics.encodings,
                notes=[*_notes(source), *documents.statistics.notes, *notes],
            ).write(folder)
    return TokenStore(out)


def store_key(source: Source) -> str:
    """Return a SHA-256 of everything that decides the contents of a token store."""
    contents = [FORMAT, source.name, source.fingerprint, source.config.to_dict()]
    contents += [asdict(origin) for origin in source.origins]
    if Path(source.config.tokenizer).is_file():
        contents.append(hashlib.sha256(Path(source.config.tokenizer).read_bytes()).hexdigest())
    # The first version of each is left out, so that the keys of older stores still hold.
    contents += [f"{code} {version}" for code, version in CODE_VERSIONS.items() if version > 1]
    return hashlib.sha256(json.dumps(contents).encode()).hexdigest()


def learn_tokenizer(
    source: Source, progress: ProgressReporter = SILENT
) -> tuple[Tokenizer, list[str]]:
    """Learn a tokenizer from a sample of the training split, or read the user's own.

    Returns:
        the tokenizer, and notes on it for people.

    Raises:
        DataError: the corpus is empty or cannot be read, or the user's file is no tokenizer.
        MissingInput: the user's file is missing.
    """
    with collect(source, progress) as documents:
        cut = assign_splits(survey(documents), source.config.validation)
        return _make_tokenizer(documents, cut, progress)


def _make_tokenizer(
    documents: Documents, cut: Cut, progress: ProgressReporter
) -> tuple[Tokenizer, list[str]]:
    """Return the tokenizer of a corpus that has been read, and notes on it."""
    config = documents.source.config
    if config.tokenizer not in TOKENIZERS:
        return _own_tokenizer(documents, cut, progress)
    most = SAMPLE_CHARACTERS.get(config.tokenizer, MOST_SAMPLE_CHARACTERS)
    tokenizer = Tokenizer.train(
        config.tokenizer_kind,
        _sample(documents, cut, most, progress),
        normal_form=config.normalize,
        vocab_size=config.types_wanted,
    )
    sampled = documents.characters > most
    return tokenizer, [f"tokens were learned from {most:,} characters, evenly spread"] * sampled


def _own_tokenizer(
    documents: Documents, cut: Cut, progress: ProgressReporter
) -> tuple[Tokenizer, list[str]]:
    """Read the user's own tokenizer, and try it on a sample of the corpus."""
    config = documents.source.config
    tokenizer = Tokenizer.from_file(Path(config.tokenizer), config.normalize)
    if config.strict and tokenizer.kind != STRICT:
        raise UsageError(f"strict goes with the tokenizer word, not with {config.tokenizer}")
    if tokenizer.kind != CUSTOM:
        return tokenizer, []
    changed = tokenizer.loses("".join(_sample(documents, cut, TRIED_CHARACTERS, progress)))
    if changed is None:
        return tokenizer, []
    before, after = _first_difference(changed, tokenizer.decode(tokenizer.encode(changed)))
    note = f"does not give every text back as it was: {before!r} comes back as {after!r}"
    return tokenizer, [f"{config.tokenizer} {note}"]


def _first_difference(before: str, after: str) -> tuple[str, str]:
    """Return a few characters of two texts, around the first that differ."""
    pairs = enumerate(zip(before, after, strict=False))
    place = next((n for n, (a, b) in pairs if a != b), min(len(before), len(after)))
    around = slice(max(0, place - SHOWN_AROUND), place + SHOWN_AROUND)
    return before[around], after[around]


def _sample(documents: Documents, cut: Cut, most: int, progress: ProgressReporter) -> Iterator[str]:
    """Yield evenly spread pieces of the training split, about `most` characters in all."""
    share = min(1.0, most / documents.characters)
    seen = taken = 0
    for span, piece in read_spans(documents, cut):
        progress.advance("learning tokens", len(piece or ""), documents.characters)
        if piece and span.split == "train":
            seen += len(piece)
            if taken < seen * share:
                taken += len(piece)
                yield piece


def _sources(documents: Documents) -> list[dict[str, Any]]:
    """Return the origins of the texts with their numbers of documents and characters."""
    totals: dict[Origin, NDArray[np.int64]] = {}
    for file, own in zip(documents.source.files, documents.count("file").T, strict=True):
        totals[file.origin] = totals.get(file.origin, 0) + own
    return [
        asdict(origin) | {"documents": int(total[0]), "characters": int(total[1])}
        for origin, total in totals.items()
    ]


def _labels(documents: Documents) -> dict[str, int]:
    """Return the number of documents of each label that has any."""
    counts = documents.count("label")[0].tolist()
    labels = {label: counts[number] for label, number in documents.labels.items() if label}
    return {label: count for label, count in labels.items() if count}


def _notes(source: Source) -> list[str]:
    """Return notes on files that were not read."""
    if not source.ignored:
        return []
    shown = ", ".join(source.ignored[:5]) + (", ..." if len(source.ignored) > 5 else "")
    return [f"not read, being of no known form or split: {shown}"]


def _write_listing(path: Path, documents: Documents) -> None:
    """Write the list of documents left out, a line of JSON each."""
    documents.listing.seek(0)
    with path.open("w", encoding="utf-8") as file:
        shutil.copyfileobj(documents.listing, file)


def _write_tokens(
    folder: Path, documents: Documents, cut: Cut, tokenizer: Tokenizer, progress: ProgressReporter
) -> dict[str, SplitCounts]:
    """Write the ids of every split, and the label of each document; return the counts."""
    dtype = token_dtype(tokenizer.vocab_size)
    numbers = {
        documents.labels[label]: number for number, label in enumerate(_labels(documents), start=1)
    }
    counts = {split: SplitCounts() for split in SPLITS}
    with ExitStack() as stack:
        files = {s: stack.enter_context(split_path(folder, s).open("wb")) for s in SPLITS}
        marks = {s: stack.enter_context(labels_path(folder, s).open("wb")) for s in SPLITS}
        for (split, label), text, ids in encode_pieces(read_spans(documents, cut), tokenizer):
            files[split].write(ids.astype(dtype).tobytes())
            if text is None and numbers:
                marks[split].write(np.array(numbers.get(label, 0), "<u4").tobytes())
            counts[split] = counts[split].plus(text, len(ids))
            progress.advance("encoding", len(text or ""), documents.characters)
    return counts
