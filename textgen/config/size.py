"""How large a network a text and a training time are worth: a small table, measured.

`scripts/bench_sizes.py` prints what each size reaches, in several times and on texts of several
lengths.
"""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from textgen.config.cell import LSTM
from textgen.config.model import NetworkConfig
from textgen.config.training import TrainingConfig

LARGE_VOCABULARY = 1_000  # from which on an embedding is wider, and the output uses its matrix
WIDE_EMBEDDING = 256
SAMPLED_VOCABULARY = 20_000  # from which on the loss is computed among some tokens
SAMPLES = 4_096
LARGE_VOCABULARY_STREAMS = 32  # at most; a token says more there, so steps are dear
LARGE_VOCABULARY_RATE = 4e-3  # of learning, at most
STEPS_PER_EPOCH = 8  # at least; a short text is read in fewer streams side by side
OFTEN = 3  # epochs, from which on a larger network pays sooner, for a text has little new to say
MOST_DROPPED = 0.5
MOST_EPOCHS = 50  # with so much dropped, more of them would only learn a text by heart
MEASURED_CORES = 2
MEASURED_VOCABULARY, MEASURED_EMBEDDING = 257, 64
SHARE_OF_FP32 = 0.6  # of the speed in bf16


@dataclass(frozen=True)
class Size:
    """A network, how it is trained best, and what that takes.

    Attributes:
        units: of each LSTM layer.
        learning_rate: peak, of AdamW.
        batch_size: streams side by side; large products want more of them.
        tokens_per_second: on two cores that compute in bf16, with a vocabulary of characters.
        seconds: of training up to which no larger network is better; of a text that is read
            `OFTEN` times at most, and of one that is read more often.
        tokens: of a text up to which no larger network is better: it would learn it by heart.
    """

    units: tuple[int, ...]
    learning_rate: float
    batch_size: int
    tokens_per_second: int
    seconds: tuple[float, float]
    tokens: float


# So no network has more than 14 weights for each token of its text (docs/experiments.md: of 50,000
# tokens, one with 8 weights for each learnt best, and one with 27 learnt them by heart).
SIZES = {
    "s": Size((256,), 8e-3, 32, 40_000, (15, 15), 100_000),
    "m": Size((512,), 8e-3, 32, 22_000, (180, 180), 200_000),
    "l": Size((768,), 6e-3, 64, 12_500, (900, 500), 400_000),
    "xl": Size((640, 640), 5e-3, 64, 7_000, (math.inf, math.inf), math.inf),
}


def fitting(training: TrainingConfig, *, tokens: int, vocab_size: int) -> dict[str, Any]:
    """Return the settings that fit a text and a training time.

    Args:
        training: the time, the streams, the machine; names the size, if it is not to be found out.
        tokens: of the training split.
        vocab_size: number of token types.

    Returns:
        fields of `NetworkConfig` and `TrainingConfig`; those that something else depends on are
        among them, for `changed` to see whether a person chose otherwise.
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
        "batch_size": max(1, min(streams, tokens // (training.window * STEPS_PER_EPOCH))),
        "optimizer": "adamw",
        "learning_rate": rate,
        "label_smoothing": TrainingConfig().label_smoothing,
        "softmax_samples": SAMPLES if vocab_size >= SAMPLED_VOCABULARY else 0,
    }


def _best(training: TrainingConfig, tokens: int, vocab_size: int) -> Size:
    """Return the smallest size that no larger one is better than, on so short a text or so soon."""
    return next(
        size
        for size in SIZES.values()
        if tokens <= size.tokens
        or _is_enough(size, _trained_tokens(training, size, tokens, vocab_size), tokens)
    )


def _is_enough(size: Size, trained: float, tokens: int) -> bool:
    """Return whether no larger network learns more of a text, of which so many tokens are read."""
    seldom, often = size.seconds
    return trained <= (often if trained / tokens > OFTEN else seldom) * size.tokens_per_second


def _trained_tokens(training: TrainingConfig, size: Size, tokens: int, vocab_size: int) -> float:
    """Return about how many tokens a run reads."""
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
    """Return how many products of numbers a token took in the networks that were measured."""
    return _layers_work(MEASURED_EMBEDDING, units) + units[-1] * MEASURED_VOCABULARY


def _tied_work(units: tuple[int, ...], vocab_size: int) -> int:
    """Return how many products a token takes with a wide embedding that is the output's, too."""
    outputs = SAMPLES if vocab_size >= SAMPLED_VOCABULARY else vocab_size
    return _layers_work(WIDE_EMBEDDING, units) + WIDE_EMBEDDING * (units[-1] + outputs)


def _layers_work(embedding_size: int, units: tuple[int, ...]) -> int:
    """Return how many products a token takes in the layers."""
    return sum(LSTM.products(width, n) for width, n in pairwise((embedding_size, *units)))


def _dropped(epochs: float) -> float:
    """Return the share to drop: a tenth more for each doubling of how often a text is read."""
    return round(min(0.1 * math.log2(max(epochs, 1)), MOST_DROPPED), 2)
