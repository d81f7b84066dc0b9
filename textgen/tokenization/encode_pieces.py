"""Encoding of pieces of text, many at a time on all cores, ahead of their use."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from textgen.config.tokens import EOS_ID
from textgen.tokenization.tokenizer import TokenIds, Tokenizer

# The size of a group of pieces that are encoded together.
CHARACTERS_AT_ONCE = 1 << 19
PIECES_AT_ONCE = 1 << 13
AHEAD = 2  # groups at work: the ids of one are fetched while the next is encoded

Tag = TypeVar("Tag")
Batch = list[tuple[Tag, str | None]]


def encode_pieces(
    pieces: Iterable[tuple[Tag, str | None]], tokenizer: Tokenizer
) -> Iterator[tuple[Tag, str | None, TokenIds]]:
    """Yield each piece with its ids; the end of a document is `<eos>`.

    Args:
        pieces: of documents, each with a tag; `None` ends a document.
        tokenizer: encodes each piece on its own.
    """
    waiting: deque[tuple[Batch[Tag], Future[list[TokenIds]]]] = deque()
    with ThreadPoolExecutor(AHEAD) as worker:
        for batch in _batches(pieces):
            texts = [text for _, text in batch if text is not None]
            waiting.append((batch, worker.submit(tokenizer.encode_batch, texts)))
            if len(waiting) > AHEAD:
                yield from _with_ids(*waiting.popleft())
        while waiting:
            yield from _with_ids(*waiting.popleft())


def _with_ids(
    batch: Batch[Tag], encoded: Future[list[TokenIds]]
) -> Iterator[tuple[Tag, str | None, TokenIds]]:
    """Yield the pieces of a group with their ids, once these are encoded."""
    end = np.array([EOS_ID], np.int32)
    ids = iter(encoded.result())
    for tag, text in batch:
        yield tag, text, end if text is None else next(ids)


def _batches(pieces: Iterable[tuple[Tag, str | None]]) -> Iterator[Batch[Tag]]:
    """Yield at least one group of pieces, each large enough for all cores."""
    batch: Batch[Tag] = []
    characters = 0
    for entry in pieces:
        batch.append(entry)
        characters += len(entry[1] or "")
        if characters >= CHARACTERS_AT_ONCE or len(batch) >= PIECES_AT_ONCE:
            yield batch
            batch, characters = [], 0
    yield batch
