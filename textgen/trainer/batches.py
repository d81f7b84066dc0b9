"""Contiguous streams of tokens, cut into windows for truncated back-propagation."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.config.tokens import EOS_ID
from textgen.trainer.enough_text import require_length

TOKENS_AT_ONCE = 1 << 22  # bounds memory while a large split is looked through


class Batches:
    """Endless batches over a training split seen as a ring.

    Each epoch turns the ring by a random amount and lays it out as `batch_size` streams side by
    side; window after window walks along them, so the LSTM's state can be carried. The turn
    moves the borders of streams and windows, and lets no text be left over for good. Several
    documents are put into a new order first, if that is wanted: a network that carries its state
    from one to the next would otherwise learn what follows what in a sorted list.

    Now and then a stream begins afresh: with the zero state, fed `<eos>`, as a generation does.
    A network whose state is always carried can come to rely on what only a long past brings
    about, and then it is lost at the beginning of a text. (Melis et al. 2018 drop the state with
    probability 0.01.)
    """

    def __init__(
        self,
        tokens: NDArray[Any],
        *,
        batch_size: int,
        window: int,
        reset: float,
        seed: int,
        shuffle: bool = False,
        vocab_size: int | None = None,
    ) -> None:
        """
        Args:
            tokens: ids of the split, of shape (tokens,).
            batch_size: number of streams.
            window: tokens predicted in each stream at a time.
            reset: probability that a stream begins afresh at a window.
            seed: of the orders, turns and resets.
            shuffle: whether documents, each closed by `<eos>`, come in a new order each epoch.
            vocab_size: number of token types, if labels are added to the ids (see
                `TokenStore.inputs`).

        Raises:
            DataError: the split is too short for one window of each stream.
        """
        self.tokens = tokens
        self.batch_size = batch_size
        self.window = window
        self.reset = reset
        self.seed = seed
        self.tokens_per_step = batch_size * window
        self.steps_per_epoch = len(tokens) // self.tokens_per_step
        require_length(len(tokens), batch_size, window)
        self._vocab_size = vocab_size
        self._ends = self._find_ends() if shuffle else np.array([len(tokens)])

    def counts(self, vocab_size: int) -> NDArray[np.int64]:
        """Count how often each token occurs; returns the shape (vocabulary,)."""
        total = np.zeros(vocab_size, np.int64)
        for start in range(0, len(self.tokens), TOKENS_AT_ONCE):
            part = self._plain(self.tokens[start : start + TOKENS_AT_ONCE])
            total += np.bincount(part, minlength=vocab_size)
        return total

    def epoch(
        self, number: int, start: int = 0
    ) -> Iterator[tuple[NDArray[np.int32], NDArray[np.bool_]]]:
        """Yield the windows of an epoch, and which streams begin afresh with them.

        Args:
            number: of the epoch.
            start: the first window wanted; those before it are passed over.

        The windows have the shape (batch, window + 1), input and next token overlapping; the
        streams' marks have the shape (batch,). In the first window all are marked.
        """
        bits = np.random.PCG64([self.seed, number])
        generator = np.random.Generator(bits)
        turn = generator.integers(len(self.tokens))
        order = Order(self._ends, generator)
        length = self.steps_per_epoch * self.window
        starts = turn + length * np.arange(self.batch_size)[:, None]
        bits.advance(start * self.batch_size)  # as the windows before would have
        for offset in range(start * self.window, length, self.window):
            positions = (starts + offset + np.arange(self.window + 1)) % len(self.tokens)
            tokens = self.tokens[order.places(positions)].astype(np.int32)
            fresh = (generator.random(self.batch_size) < self.reset) | (offset == 0)
            tokens[fresh, 0] = EOS_ID + tokens[fresh, 1] - self._plain(tokens[fresh, 1])
            yield tokens, fresh

    def _plain(self, tokens: NDArray[Any]) -> NDArray[Any]:
        """Return ids without labels."""
        return tokens % self._vocab_size if self._vocab_size else tokens

    def _find_ends(self) -> NDArray[np.int64]:
        """Return where each document of the split ends, after its `<eos>`."""
        blocks = range(0, len(self.tokens), TOKENS_AT_ONCE)
        plain = (self._plain(self.tokens[b : b + TOKENS_AT_ONCE]) for b in blocks)
        found = [np.flatnonzero(p == EOS_ID) + b for b, p in zip(blocks, plain, strict=True)]
        return np.concatenate(found) + 1


class Order:
    """A random order of documents.

    Args:
        ends: where each document ends in the split, of shape (documents,).
        generator: makes the order.
    """

    def __init__(self, ends: NDArray[np.int64], generator: np.random.Generator) -> None:
        starts = np.concatenate([[0], ends[:-1]])
        order = generator.permutation(len(ends)) if len(ends) > 1 else np.array([0])
        self._ends = np.cumsum((ends - starts)[order])
        # What lies between a document's place in this order and its place in the split.
        self._moves = ends[order] - self._ends

    def places(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where in the split the tokens at some positions in this order stand."""
        documents = np.searchsorted(self._ends, positions, side="right")
        places: NDArray[np.int64] = positions + self._moves[documents]
        return places
