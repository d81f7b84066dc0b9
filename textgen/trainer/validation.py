"""Validation: the split is measured in parallel stretches with carried state."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.config.tokens import EOS_ID
from textgen.errors import TrainingDiverged
from textgen.evaluation.quality import Quality
from textgen.tokenization.token_store import TokenStore
from textgen.trainer.result import Best
from textgen.trainer.train_step import TrainStep

STREAMS = 64
# Tokens per stream in a window. A window is shorter if its logits would exceed LOGITS_AT_ONCE.
LONGEST_WINDOW = 128
LOGITS_AT_ONCE = 1 << 26
# Burn-in: tokens read but not counted before a stretch. Its state is then like that of a single
# pass: earlier text no longer matters to an LSTM of this size.
LEAD_IN = 256


def measure(
    step: TrainStep, number: int, store: TokenStore, most: int, is_over: Callable[[], bool]
) -> Best:
    """Measure the present weights on the validation split.

    Args:
        step: the train step of the model.
        number: of optimizer steps taken.
        store: the corpus.
        most: number of tokens of the split to predict.
        is_over: asked after each window; if true, the rest, which is spread evenly over these
            tokens, is left out.

    Raises:
        TrainingDiverged: the loss is not finite.
    """
    nats, tokens = validate(step, store.inputs("validation")[:most], is_over)
    if not math.isfinite(nats):
        raise TrainingDiverged(f"the validation loss is {nats} after step {number}")
    quality = Quality.of(nats / tokens, store.counts("validation"))
    metrics = {metric.name: float(metric.result()) for metric in step.metrics}
    return Best(number, step.model.named_weights(), quality, tokens, metrics)


def validate(
    step: TrainStep, tokens: NDArray[Any], is_over: Callable[[], bool] = lambda: False
) -> tuple[float, int]:
    """Predict each token of a split once, and update the metrics.

    Args:
        step: the train step of the model.
        tokens: ids, of shape (tokens,).
        is_over: as for `measure`.

    Returns:
        the sum of nats, and the number of predicted tokens.
    """
    total, seen = 0.0, 0
    for metric in step.metrics:
        metric.reset_state()
    state = step.model.initial_state(STREAMS)
    length = window_length(step.model.config.vocab_size)
    for window, counted in windows(tokens, streams=STREAMS, window=length, lead_in=LEAD_IN):
        nats, state = step.predict(window, counted, state)
        total += nats
        seen += int(counted.sum())
        if seen and is_over():
            break
    return total, seen


def window_length(vocab_size: int) -> int:
    """Return the tokens per stream in a window of `validate`."""
    return max(1, min(LONGEST_WINDOW, LOGITS_AT_ONCE // (STREAMS * vocab_size)))


def window_count(tokens: int, vocab_size: int) -> int:
    """Return the number of windows of `validate` for a number of tokens."""
    begins, _, stops = _stretches(tokens, STREAMS, LEAD_IN)
    return -(-int((stops - begins).max()) // window_length(vocab_size))


def windows(
    tokens: NDArray[Any], *, streams: int, window: int, lead_in: int
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.float32]]]:
    """Yield windows of shape (streams, window + 1) and masks of counted targets, (streams, window).

    The split is cut into `streams` stretches. Each is preceded by up to `lead_in` tokens that do
    not count, and begins with `<eos>`, as every text does. Every token counts once.
    """
    text = np.concatenate([[EOS_ID], tokens]).astype(np.int32)
    begins, starts, stops = _stretches(len(tokens), streams, lead_in)
    for offset in range(0, int((stops - begins).max()), window):
        positions = begins + offset + np.arange(window + 1)
        block = text[np.minimum(positions, len(tokens))]
        if offset == 0:
            block[:, 0] = EOS_ID
        targets = positions[:, :-1]
        yield block, ((starts <= targets) & (targets < stops)).astype(np.float32)


def _stretches(tokens: int, streams: int, lead_in: int) -> tuple[NDArray[np.int64], ...]:
    """Return the beginning of reading, the beginning of counting and the end of each stretch.

    Each array has the shape (streams, 1).
    """
    length = -(-tokens // streams)
    starts = np.minimum(length * np.arange(streams), tokens)[:, None]
    return np.maximum(starts - lead_in, 0), starts, np.minimum(starts + length, tokens)
