"""Sums of negative log-probabilities over a text."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.config.tokens import EOS_ID
from textgen.corpus.progress import UNWATCHED, Watch
from textgen.errors import UsageError
from textgen.evaluation.quality import Quality
from textgen.runtime.engine.engine import Engine
from textgen.runtime.engine.logprobs import log_softmax
from textgen.runtime.engine.state import State
from textgen.runtime.generation.snapshot import StateSnapshot
from textgen.tokenization.encode_pieces import encode_pieces
from textgen.tokenization.token_store import SplitCounts
from textgen.tokenization.tokenizer import Tokenizer

# Tokens scored in one call of the decoder: bounds memory to this many rows of logits.
BLOCK = 512


class Scorer:
    """One pass over a text with carried state.

    Args:
        decoder: the model.
        previous: the token before it; at the beginning that is `<eos>`.
        state: before that token; at the beginning all zero.
    """

    def __init__(self, decoder: Engine, previous: int = EOS_ID, state: State | None = None) -> None:
        self._decoder = decoder
        self._state = state or decoder.initial_state()
        self._previous = previous
        self.nats = 0.0
        self.tokens = 0

    def add(self, tokens: NDArray[Any]) -> None:
        """Score the next tokens, of shape (tokens,): add up their negative log-probabilities."""
        for start in range(0, len(tokens), BLOCK):
            targets = np.asarray(tokens[start : start + BLOCK], np.int64)
            inputs = np.concatenate([[self._previous], targets[:-1]])
            logits, self._state = self._decoder.score(inputs, self._state)
            log_probabilities = log_softmax(logits)
            self.nats -= float(log_probabilities[np.arange(len(targets)), targets].sum())
            self.tokens += len(targets)
            self._previous = int(targets[-1])


def measure(
    decoder: Engine,
    tokenizer: Tokenizer,
    pieces: Iterable[str | None],
    watch: Watch = UNWATCHED,
) -> Quality:
    """Measure a model on documents, in one pass through all of them.

    Args:
        decoder: the model.
        tokenizer: what its tokens are.
        pieces: of clean text; `None` ends a document, with `<eos>`.
        watch: is told of the advance in characters.
    """
    scorer, counts = Scorer(decoder), SplitCounts()
    for _, text, tokens in encode_pieces(((None, piece) for piece in pieces), tokenizer):
        scorer.add(tokens)
        counts = counts.plus(text, len(tokens))
        watch.advance("scoring", len(text or ""))
    return Quality.of(scorer.nats / scorer.tokens, counts)


def measure_text(
    decoder: Engine, tokenizer: Tokenizer, text: str, moment: StateSnapshot
) -> Quality:
    """Measure how well a model foresees a clean text at a moment; nothing ends with it.

    Raises:
        UsageError: the text is empty.
    """
    tokens = tokenizer.encode(text)
    if not len(tokens):
        raise UsageError("the text to be scored is empty; give some")
    scorer = Scorer(decoder, moment.last, moment.state)
    scorer.add(tokens)
    return Quality.of(scorer.nats / scorer.tokens, SplitCounts().plus(text, len(tokens)))
