"""Contiguous streams of tokens, cut into windows for truncated back-propagation through time."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.config.tokens import EOS_ID
from textgen.trainer.requirements import require_length

TOKENS_AT_ONCE = 1 << 22  # bounds memory while a large split is scanned


class Batches:
    """Batches of windows over a training split, which is treated as a ring.

    Each epoch rotates the ring by a random offset and lays it out as `batch_size` parallel streams.
    Windows advance along the streams, so that the LSTM's state can be carried. The rotation moves
    the borders of streams and windows, and no text is left out for good. Documents can be shuffled
    first: a network that carries its state from one to the next would otherwise learn the order of
    a sorted list.

    Streams are reset now and then: they begin with the zero state, fed `<eos>`, as a generation
    does. A network whose state is always carried can come to rely on a long past, and then fails at
    the beginning of a text. (Melis et al. 2018 drop the state with probability 0.01.)
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
            window: predicted tokens per stream in a window.
            reset: probability that a stream is reset at a window.
            seed: of the orders, rotations and resets.
            shuffle: shuffle the documents, each closed by `<eos>`, in every epoch.
            vocab_size: number of token types, if the ids include labels (see `TokenStore.inputs`).

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
        """Return the occurrences of each token type, of shape (vocabulary,)."""
        total = np.zeros(vocab_size, np.int64)
        for start in range(0, len(self.tokens), TOKENS_AT_ONCE):
            part = self._plain(self.tokens[start : start + TOKENS_AT_ONCE])
            total += np.bincount(part, minlength=vocab_size)
        return total

    def epoch(
        self, number: int, start: int = 0
    ) -> Iterator[tuple[NDArray[np.int32], NDArray[np.bool_]]]:
        """Yield the windows of an epoch, and the streams that are reset at each.

        Args:
            number: of the epoch.
            start: the first window to yield; earlier ones are skipped.

        Yields:
            Token ids of shape (batch, window + 1), in which inputs and targets overlap, and marks
            of the reset streams, of shape (batch,). All streams are reset at the first window.
        """
        bits = np.random.PCG64([self.seed, number])
        generator = np.random.Generator(bits)
        turn = generator.integers(len(self.tokens))
        order = Order(self._ends, generator)
        length = self.steps_per_epoch * self.window
        starts = turn + length * np.arange(self.batch_size)[:, None]
        bits.advance(start * self.batch_size)  # the draws of the skipped windows
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
        """Return the end of each document of the split, after its `<eos>`."""
        blocks = range(0, len(self.tokens), TOKENS_AT_ONCE)
        plain = (self._plain(self.tokens[b : b + TOKENS_AT_ONCE]) for b in blocks)
        ends = [np.flatnonzero(p == EOS_ID) + b for b, p in zip(blocks, plain, strict=True)]
        return np.concatenate(ends) + 1


class Order:
    """A random order of documents.

    Args:
        ends: end of each document in the split, of shape (documents,).
        generator: draws the order.
    """

    def __init__(self, ends: NDArray[np.int64], generator: np.random.Generator) -> None:
        starts = np.concatenate([[0], ends[:-1]])
        order = generator.permutation(len(ends)) if len(ends) > 1 else np.array([0])
        self._ends = np.cumsum((ends - starts)[order])
        # From a document's position in this order to its position in the split.
        self._moves = ends[order] - self._ends

    def places(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the positions in the split of tokens at positions in this order."""
        documents = np.searchsorted(self._ends, positions, side="right")
        places: NDArray[np.int64] = positions + self._moves[documents]
        return places
