"""Network sizes, and the one that fits a text and a training time: a small measured table.

`scripts/bench_sizes.py` prints the quality of each size for several times and text lengths.
"""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from textgen.config.cell import LSTM
from textgen.config.model import NetworkConfig
from textgen.config.training import TrainingConfig

LARGE_VOCABULARY = 1_000  # from this size on, embeddings are wider and tied to the output
WIDE_EMBEDDING = 256
SAMPLED_VOCABULARY = 20_000  # from this size on, the loss is a sampled softmax
SAMPLES = 4_096
LARGE_VOCABULARY_STREAMS = 32  # largest batch; a token holds more there, so steps are dear
LARGE_VOCABULARY_RATE = 4e-3  # largest learning rate
STEPS_PER_EPOCH = 8  # at least; a short text is read in smaller batches
OFTEN = 3  # epochs; beyond them a larger network pays sooner, for the text has little new
MOST_DROPPED = 0.5
MOST_EPOCHS = 50  # with the largest dropout; more of them would memorize the text
MEASURED_CORES = 2
MEASURED_VOCABULARY, MEASURED_EMBEDDING = 257, 64
SHARE_OF_FP32 = 0.6  # of the speed in bf16


@dataclass(frozen=True)
class Size:
    """A network, its best training settings, and its speed.

    Attributes:
        units: of each LSTM layer.
        learning_rate: peak, of AdamW.
        batch_size: streams side by side; large products need more of them.
        tokens_per_second: in bf16 on two cores, with a vocabulary of characters.
        seconds: training time up to which no larger network is better: for a text that is read at
            most `OFTEN` times, and for one that is read more often.
        tokens: text length up to which no larger network is better: it would memorize the text.
    """

    units: tuple[int, ...]
    learning_rate: float
    batch_size: int
    tokens_per_second: int
    seconds: tuple[float, float]
    tokens: float


# No network has more than 14 weights for each token of its text (docs/explanation/experiments.md:
# on 50,000 tokens, a network with 8 weights a token learned best, and one with 27 memorized them).
SIZES = {
    "s": Size((256,), 8e-3, 32, 40_000, (15, 15), 100_000),
    "m": Size((512,), 8e-3, 32, 22_000, (180, 180), 200_000),
    "l": Size((768,), 6e-3, 64, 12_500, (900, 500), 400_000),
    "xl": Size((640, 640), 5e-3, 64, 7_000, (math.inf, math.inf), math.inf),
}


def fitting(training: TrainingConfig, *, tokens: int, vocab_size: int) -> dict[str, Any]:
    """Return the settings that fit a text and a training time.

    Args:
        training: time, batch size and machine, and the size unless it is "auto".
        tokens: of the training split.
        vocab_size: number of token types.

    Returns:
        fields of `NetworkConfig` and `TrainingConfig`. Fields that others depend on are among
        them, so that `changed` sees whether the user chose otherwise.
    """
    if training.size != "auto":
        size = SIZES[training.size]
    else:
        size = _best(training, tokens, vocab_size)
    epochs = _trained_tokens(training, size, tokens, vocab_size) / tokens
    is_large = vocab_size >= LARGE_VOCABULARY
    streams = min(size.batch_size, LARGE_VOCABULARY_STREAMS) if is_large else size.batch_size
    rate = min(size.learning_rate, LARGE_VOCABULARY_RATE) if is_large else size.learning_rate
    return {
        "size": training.size,
        "units": size.units,
        "embedding_size": WIDE_EMBEDDING if is_large else NetworkConfig().embedding_size,
        "tie_embeddings": is_large,
        "dropout": _dropped(epochs),
        "max_epochs": MOST_EPOCHS,
        "window": training.window_in(tokens),
        "batch_size": max(1, min(streams, tokens // (training.window * STEPS_PER_EPOCH))),
        "optimizer": "adamw",
        "learning_rate": rate,
        "label_smoothing": TrainingConfig().label_smoothing,
        "softmax_samples": SAMPLES if vocab_size >= SAMPLED_VOCABULARY else 0,
    }


def _best(training: TrainingConfig, tokens: int, vocab_size: int) -> Size:
    """Return the smallest size that is at least as good as all larger ones here."""
    return next(
        size
        for size in SIZES.values()
        if tokens <= size.tokens
        or _is_enough(size, _trained_tokens(training, size, tokens, vocab_size), tokens)
    )


def _is_enough(size: Size, trained: float, tokens: int) -> bool:
    """Return whether no larger network learns more in `trained` tokens of training."""
    seldom, often = size.seconds
    return trained <= (often if trained / tokens > OFTEN else seldom) * size.tokens_per_second


def _trained_tokens(training: TrainingConfig, size: Size, tokens: int, vocab_size: int) -> float:
    """Return the estimated number of tokens that a run reads."""
    if training.steps is not None:
        return training.steps * size.batch_size * training.window
    if training.epochs is not None:
        return training.epochs * tokens
    pace = size.tokens_per_second * training.cores / MEASURED_CORES
    if training.product_format == "fp32":
        pace *= SHARE_OF_FP32
    if vocab_size >= LARGE_VOCABULARY:
        pace *= _measured_work(size.units) / _tied_work(size.units, vocab_size)
    return (training.budget_seconds or 0) * pace


def _measured_work(units: tuple[int, ...]) -> int:
    """Return the products for one token in the networks that were measured."""
    return _layers_work(MEASURED_EMBEDDING, units) + units[-1] * MEASURED_VOCABULARY


def _tied_work(units: tuple[int, ...], vocab_size: int) -> int:
    """Return the products for one token with a wide embedding that is tied to the output."""
    outputs = SAMPLES if vocab_size >= SAMPLED_VOCABULARY else vocab_size
    return _layers_work(WIDE_EMBEDDING, units) + WIDE_EMBEDDING * (units[-1] + outputs)


def _layers_work(embedding_size: int, units: tuple[int, ...]) -> int:
    """Return the products for one token in the recurrent layers."""
    return sum(LSTM.products(width, n) for width, n in pairwise((embedding_size, *units)))


def _dropped(epochs: float) -> float:
    """Return the dropout: a tenth more for each doubling of the epochs."""
    return round(min(0.1 * math.log2(max(epochs, 1)), MOST_DROPPED), 2)
