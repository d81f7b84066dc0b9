"""Log-probabilities of tokens, from logits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.sampling.filters import Logits


def log_softmax(logits: NDArray[Any]) -> NDArray[np.float64]:
    """Return natural log-probabilities, in double precision, over the last axis."""
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=-1, keepdims=True)
    result: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def chosen_logprobs(logits: Logits, tokens: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the natural log-probabilities of tokens; a row's do not depend on those beside it.

    They are NaN where a state has overflowed, which ends the text.

    Args:
        logits: of shape (..., vocabulary).
        tokens: of shape (...).
    """
    rows = logits.reshape(-1, logits.shape[-1])
    with np.errstate(invalid="ignore"):
        shifted = rows - rows.max(axis=1, keepdims=True)
    chosen = shifted[np.arange(len(rows)), tokens.ravel()]
    sums = np.exp(shifted).astype(np.float64).sum(axis=1)
    result: NDArray[np.float64] = (chosen - np.log(sums)).reshape(tokens.shape)
    return result
