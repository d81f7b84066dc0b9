"""From the documents of a corpus to a token store: cut, learn the tokenizer, encode."""

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

# Versions of the code that decides the contents of a store. Each stands beside its code.
CODE_VERSIONS = {
    "reading": READING_VERSION,
    "selection": SELECTION_VERSION,
    "splits": SPLITS_VERSION,
    "tokens": TOKENS_VERSION,
}
# A tokenizer learns from, and one of the user's own is tried on, so many characters at most.
SAMPLE_CHARACTERS = {"unigram": 1 << 23}  # whose trainer sorts all endings of the text
MOST_SAMPLE_CHARACTERS = 1 << 27
SHOWN_AROUND = 20  # characters on each side of the first that a tokenizer changes
TRIED_CHARACTERS = 1 << 20


def prepare(
    source: Source, out: Path, *, overwrite: bool = False, progress: ProgressReporter = SILENT
) -> TokenStore:
    """Write a corpus as a token store.

    Args:
        source: the corpus, and how it is read, cut and tokenized.
        out: the folder to make.
        overwrite: move what stands there aside.
        progress: receives each stage's progress.

    Raises:
        DataError: the corpus is empty or cannot be read.
        UsageError: `out` exists and `overwrite` is false.
        OSError: the disk refused; nothing is left half-written.
    """
    key = store_key(source)  # before the work, for it says what the work is done on
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
                changes=dict(documents.tally.changes),
                removed=dict(documents.tally.removed),
                encodings=documents.tally.encodings,
                notes=[*_notes(source), *documents.tally.notes, *notes],
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
    """Learn a corpus's tokenizer from a part of its training split, or read the user's own.

    Returns:
        the tokenizer, and what people should know about it.

    Raises:
        DataError: the corpus is empty or cannot be read, or the user's own is no tokenizer.
        MissingInput: the user's own is not there.
    """
    with collect(source, progress) as documents:
        cut = assign_splits(survey(documents), source.config.validation)
        return _make_tokenizer(documents, cut, progress)


def _make_tokenizer(
    documents: Documents, cut: Cut, progress: ProgressReporter
) -> tuple[Tokenizer, list[str]]:
    """Do what `learn_tokenizer` does, for a corpus that has been read."""
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
    """Read the user's own tokenizer, and try it on a part of the corpus."""
    config = documents.source.config
    tokenizer = Tokenizer.from_file(Path(config.tokenizer), config.normalize)
    if config.strict and tokenizer.kind != STRICT:
        raise UsageError(f"strict goes with the tokenizer word, not with {config.tokenizer}")
    if tokenizer.kind != CUSTOM:
        return tokenizer, []
    lost = tokenizer.loses("".join(_sample(documents, cut, TRIED_CHARACTERS, progress)))
    if lost is None:
        return tokenizer, []
    before, after = _first_difference(lost, tokenizer.decode(tokenizer.encode(lost)))
    told = f"does not give every text back as it was: {before!r} comes back as {after!r}"
    return tokenizer, [f"{config.tokenizer} {told}"]


def _first_difference(one: str, other: str) -> tuple[str, str]:
    """Return a few characters of two texts, around the first in which they differ."""
    pairs = enumerate(zip(one, other, strict=False))
    place = next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))
    part = slice(max(0, place - SHOWN_AROUND), place + SHOWN_AROUND)
    return one[part], other[part]


def _sample(documents: Documents, cut: Cut, most: int, progress: ProgressReporter) -> Iterator[str]:
    """Yield pieces of the training split, evenly spread, of about `most` characters together."""
    share = min(1.0, most / documents.characters)
    seen = kept = 0
    for span, piece in read_spans(documents, cut):
        progress.advance("learning tokens", len(piece or ""), documents.characters)
        if piece and span.split == "train":
            seen += len(piece)
            if kept < seen * share:
                kept += len(piece)
                yield piece


def _sources(documents: Documents) -> list[dict[str, Any]]:
    """Return where the texts come from, and how much of them is kept, for the manifest."""
    totals: dict[Origin, NDArray[np.int64]] = {}
    for part, own in zip(documents.source.parts, documents.count("part").T, strict=True):
        totals[part.origin] = totals.get(part.origin, 0) + own
    return [
        asdict(origin) | {"documents": int(total[0]), "characters": int(total[1])}
        for origin, total in totals.items()
    ]


def _labels(documents: Documents) -> dict[str, int]:
    """Return the documents of each label that is left."""
    counts = documents.count("label")[0].tolist()
    found = {label: counts[number] for label, number in documents.labels.items() if label}
    return {label: count for label, count in found.items() if count}


def _notes(source: Source) -> list[str]:
    """Return what people should know about what was not read."""
    if not source.ignored:
        return []
    shown = ", ".join(source.ignored[:5]) + (", ..." if len(source.ignored) > 5 else "")
    return [f"not read, being of no known form or split: {shown}"]


def _write_listing(path: Path, documents: Documents) -> None:
    """Write what was left out, a line of JSON a document."""
    documents.listing.seek(0)
    with path.open("w", encoding="utf-8") as file:
        shutil.copyfileobj(documents.listing, file)


def _write_tokens(
    folder: Path, documents: Documents, cut: Cut, tokenizer: Tokenizer, progress: ProgressReporter
) -> dict[str, SplitCounts]:
    """Write the ids of every split, and the label of each document; return the counts."""
    dtype = token_dtype(tokenizer.vocab_size)
    known = {label: number for number, label in enumerate(_labels(documents), start=1)}
    kept = {documents.labels[label]: number for label, number in known.items()}
    counts = {split: SplitCounts() for split in SPLITS}
    with ExitStack() as stack:
        files = {s: stack.enter_context(split_path(folder, s).open("wb")) for s in SPLITS}
        marks = {s: stack.enter_context(labels_path(folder, s).open("wb")) for s in SPLITS}
        for (split, label), text, ids in encode_pieces(read_spans(documents, cut), tokenizer):
            files[split].write(ids.astype(dtype).tobytes())
            if text is None and kept:
                marks[split].write(np.array(kept.get(label, 0), "<u4").tobytes())
            counts[split] = counts[split].plus(text, len(ids))
            progress.advance("encoding", len(text or ""), documents.characters)
    return counts
