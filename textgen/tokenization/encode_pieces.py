"""Text to ids piece by piece: many at a time, on all cores, while the last ones are used."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from textgen.config.tokens import EOS_ID
from textgen.tokenization.tokenizer import TokenIds, Tokenizer

# Pieces are encoded together when they hold so many characters, or are so many.
CHARACTERS_AT_ONCE = 1 << 19
PIECES_AT_ONCE = 1 << 13
AHEAD = 2  # groups in the making: of one the ids are fetched while the next is encoded

Tag = TypeVar("Tag")
Batch = list[tuple[Tag, str | None]]


def encode_pieces(
    pieces: Iterable[tuple[Tag, str | None]], tokenizer: Tokenizer
) -> Iterator[tuple[Tag, str | None, TokenIds]]:
    """Yield each piece with its ids; the end of a document is `<eos>`.

    Args:
        pieces: of documents, each with a tag that stays with it; `None` ends a document.
        tokenizer: takes the pieces one by one.
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
    """Yield pieces that belong together with their ids, once those are there."""
    end = np.array([EOS_ID], np.int32)
    ids = iter(encoded.result())
    for tag, text in batch:
        yield tag, text, end if text is None else next(ids)


def _batches(pieces: Iterable[tuple[Tag, str | None]]) -> Iterator[Batch[Tag]]:
    """Group pieces so that each group is worth all cores and fits into memory; one at least."""
    batch: Batch[Tag] = []
    characters = 0
    for entry in pieces:
        batch.append(entry)
        characters += len(entry[1] or "")
        if characters >= CHARACTERS_AT_ONCE or len(batch) >= PIECES_AT_ONCE:
            yield batch
            batch, characters = [], 0
    yield batch
