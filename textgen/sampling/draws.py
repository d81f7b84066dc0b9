"""What a compiled graph needs to choose tokens without asking Python."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Draws(NamedTuple):
    """How B streams choose each of their next K tokens.

    Attributes:
        bias: added to the logits, of shape (B, vocabulary); -inf is a ban.
        top_k: how many tokens are left, of shape (B, 1); 0 is all.
        log_min_p: how far below the largest logit the others may be, of shape (B, 1).
        temperature: of shape (K, B, 1).
        noise: Gumbel noise, of shape (K, B, vocabulary); zeros take the likeliest.
    """

    bias: NDArray[np.float32]
    top_k: NDArray[np.int64]
    log_min_p: NDArray[np.float32]
    temperature: NDArray[np.float32]
    noise: NDArray[np.float32]

    @classmethod
    def greedy(cls, streams: int, vocab_size: int) -> "Draws":
        """Return draws of the likeliest token, for one step of some streams."""
        return cls(
            bias=np.zeros((streams, vocab_size), np.float32),
            top_k=np.zeros((streams, 1), np.int64),
            log_min_p=np.full((streams, 1), -np.inf, np.float32),
            temperature=np.ones((1, streams, 1), np.float32),
            noise=np.zeros((1, streams, vocab_size), np.float32),
        )


def side_by_side(draws: Sequence[Draws]) -> Draws:
    """Put the draws of several streams together; all must be for as many steps."""
    if len(draws) == 1:
        return draws[0]
    bias, top_k, log_min_p, temperature, noise = zip(*draws, strict=True)
    return Draws(
        bias=np.concatenate(bias),
        top_k=np.concatenate(top_k),
        log_min_p=np.concatenate(log_min_p),
        temperature=np.concatenate(temperature, axis=1),
        noise=np.concatenate(noise, axis=1),
    )
