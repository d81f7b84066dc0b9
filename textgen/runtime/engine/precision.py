"""What computing in int8 costs in quality, and whether it is worth it."""

import numpy as np
from numpy.typing import NDArray

from textgen.artifact.provenance import PrecisionRecord
from textgen.artifact.weights import Weights
from textgen.config.model import ModelConfig
from textgen.config.tokens import EOS_ID
from textgen.runtime.engine.engine import Engine
from textgen.runtime.engine.loading import load_engine
from textgen.runtime.engine.logprobs import chosen_logprobs

# int8 is chosen where it costs at most this share of the bits per byte.
WORTH = 0.005
STREAMS = 64
# Tokens that are predicted, and fewer where that is more than so many logits: a few seconds.
MOST_TOKENS = 1 << 15
MOST_LOGITS = 1 << 28


def measure_precisions(
    config: ModelConfig, weights: Weights, tokens: NDArray[np.integer]
) -> PrecisionRecord:
    """Measure a model in both precisions.

    The bits per byte of one text are its nats times a constant, so their ratio is that of nats.

    Args:
        config: of the model.
        weights: of the model.
        tokens: of held-out text, shape (tokens,), at least one; the first of them are predicted.
    """
    most = min(MOST_TOKENS, MOST_LOGITS // config.vocab_size)
    columns = _stretches(np.asarray(tokens[:most], np.int64))
    nats = {
        precision: _nats_per_token(load_engine(config, weights, precision=precision), columns)
        for precision in ("int8", "fp32")
    }
    default = "int8" if nats["int8"] <= nats["fp32"] * (1 + WORTH) else "fp32"
    return PrecisionRecord(default=default, tokens=columns[:, 1:].size, **nats)


def _stretches(tokens: NDArray[np.int64]) -> NDArray[np.int64]:
    """Cut a text into stretches of one length, each behind an `<eos>`: (stretches, length + 1)."""
    streams = min(STREAMS, len(tokens))
    stretches = tokens[: len(tokens) // streams * streams].reshape(streams, -1)
    return np.concatenate([np.full((streams, 1), EOS_ID), stretches], axis=1)


def _nats_per_token(engine: Engine, stretches: NDArray[np.int64]) -> float:
    """Predict the tokens of all stretches, step by step."""
    state, total = engine.initial_state(len(stretches)), 0.0
    for fed, target in zip(stretches.T, stretches.T[1:], strict=False):
        logits, state = engine.step(fed, state)
        total -= float(chosen_logprobs(logits, target).sum())
    return total / stretches[:, 1:].size
