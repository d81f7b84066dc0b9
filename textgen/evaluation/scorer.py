"""Sums of surprisal (negative log-probability) over a text."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.config.tokens import EOS_ID
from textgen.errors import UsageError
from textgen.evaluation.quality import Quality
from textgen.progress import SILENT, ProgressReporter
from textgen.runtime.engine.engine import Engine
from textgen.runtime.engine.logprobs import log_softmax
from textgen.runtime.engine.state import State
from textgen.runtime.generation.snapshot import StateSnapshot
from textgen.tokenization.encode_pieces import encode_pieces
from textgen.tokenization.token_store import SplitCounts
from textgen.tokenization.tokenizer import Tokenizer

# Tokens per call of the decoder; bounds the rows of logits in memory.
BLOCK = 512


class Scorer:
    """One pass over a text with carried state.

    Args:
        decoder: the model.
        previous: the token before the text; `<eos>` at a beginning.
        state: state of the model before that token; zeros at a beginning.
    """

    def __init__(self, decoder: Engine, previous: int = EOS_ID, state: State | None = None) -> None:
        self._decoder = decoder
        self._state = state or decoder.initial_state()
        self._previous = previous
        self.nats = 0.0
        self.tokens = 0

    def add(self, tokens: NDArray[Any]) -> None:
        """Add the surprisal of the next tokens, of shape (tokens,)."""
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
    progress: ProgressReporter = SILENT,
) -> Quality:
    """Measure a model on documents, in one pass through all of them.

    Args:
        decoder: the model.
        tokenizer: of the model.
        pieces: of clean text; `None` ends a document, with `<eos>`.
        progress: receives the characters that were scored.
    """
    scorer, counts = Scorer(decoder), SplitCounts()
    for _, text, tokens in encode_pieces(((None, piece) for piece in pieces), tokenizer):
        scorer.add(tokens)
        counts = counts.plus(text, len(tokens))
        progress.advance("scoring", len(text or ""))
    return Quality.of(scorer.nats / scorer.tokens, counts)


def measure_text(
    decoder: Engine, tokenizer: Tokenizer, text: str, moment: StateSnapshot
) -> Quality:
    """Measure a model on a clean text that follows a snapshot; the text's end is not counted.

    Raises:
        UsageError: the text is empty.
    """
    tokens = tokenizer.encode(text)
    if not len(tokens):
        raise UsageError("the text to be scored is empty; give some")
    scorer = Scorer(decoder, moment.last, moment.state)
    scorer.add(tokens)
    return Quality.of(scorer.nats / scorer.tokens, SplitCounts().plus(text, len(tokens)))
