"""The validation split measured with carried state, many stretches of it side by side."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.tokenization.tokenizer import EOS_ID
from textgen.trainer.step import Step

STREAMS = 64
WINDOW = 128
# Tokens read, but not counted, before a stretch, so that it begins with a state like the one
# that a single pass would bring: what came earlier no longer matters to an LSTM of this size.
LEAD_IN = 256


def validate(step: Step, tokens: NDArray[Any]) -> float:
    """Sum the nats of every token of a split, each predicted once; in nats.

    Args:
        step: the model being trained.
        tokens: ids of the split, of shape (tokens,).
    """
    total = 0.0
    state = step.model.initial_state(STREAMS)
    for window, counted in windows(tokens, streams=STREAMS, window=WINDOW, lead_in=LEAD_IN):
        nats, state = step.predict(window, counted, state)
        total += nats
    return total


def window_count(tokens: int) -> int:
    """Return the number of windows that `validate` takes for so many tokens."""
    return -(-(-(-tokens // STREAMS) + LEAD_IN) // WINDOW)


def windows(tokens: NDArray[Any], *, streams: int, window: int, lead_in: int) -> Any:
    """Yield windows of shape (streams, window + 1) and what counts in them, (streams, window).

    The split is dealt out as `streams` stretches; each is preceded by `lead_in` tokens that do
    not count. Every token is counted once. The very first is predicted from `<eos>`.
    """
    text = np.concatenate([[EOS_ID], tokens]).astype(np.int32)
    length = -(-len(tokens) // streams)
    starts = length * np.arange(streams)[:, None]
    for offset in range(-lead_in, length, window):
        ahead = offset + np.arange(window + 1)
        positions = starts + ahead
        target = ahead[:-1]
        counted = (target >= 0) & (target < length) & (positions[:, :-1] < len(tokens))
        yield text[np.clip(positions, 0, len(tokens))], counted.astype(np.float32)
