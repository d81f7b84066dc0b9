"""What a compiled graph needs to choose tokens without asking Python."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textgen.sampling.noise import Bits, gumbel

NEVER = np.float32(-np.inf)


class Plan(NamedTuple):
    """How one stream chooses its next K tokens.

    Attributes:
        bias: added to the logits, of shape (vocabulary,); -inf is a ban.
        top_k: how many tokens are left; 0 is all.
        log_min_p: how far below the largest logit the others may be; -inf is off.
        temperature: of each token, of shape (K,); 0 takes the likeliest.
        bits: that the noise is made of, of shape (K, vocabulary).
    """

    bias: NDArray[np.float32]
    top_k: int
    log_min_p: float
    temperature: NDArray[np.float32]
    bits: Bits


class Draws(NamedTuple):
    """How B streams choose each of their next K tokens; the fields are the graph's inputs.

    Attributes:
        bias: of shape (B, vocabulary).
        top_count: above every `top_index`, of shape (1,).
        top_index: how many logits are above the smallest that is kept, of shape (B, 1).
        keep_all: minus infinity where `top_index` does not count, else 0; of shape (B, 1).
        log_min_p: of shape (B, 1).
        temperature: above 0, of shape (K, B, 1).
        noise: Gumbel noise, of shape (K, B, vocabulary); zeros take the likeliest.
    """

    bias: NDArray[np.float32]
    top_count: NDArray[np.int64]
    top_index: NDArray[np.int64]
    keep_all: NDArray[np.float32]
    log_min_p: NDArray[np.float32]
    temperature: NDArray[np.float32]
    noise: NDArray[np.float32]

    @classmethod
    def of(cls, plans: Sequence[Plan]) -> "Draws":
        """Put the plans of several streams side by side; all must be for as many steps."""
        bias = np.stack([plan.bias for plan in plans])
        top_k = np.array([[plan.top_k] for plan in plans])
        count = np.clip(top_k, 1, bias.shape[1])
        heat = np.stack([plan.temperature for plan in plans], axis=1)[:, :, None]
        noise = gumbel(np.stack([plan.bits for plan in plans], axis=1))
        warm = heat > 0
        if not warm.all():
            noise, heat = np.where(warm, noise, np.float32(0)), np.where(warm, heat, np.float32(1))
        return cls(
            bias=bias,
            top_count=count.max(axis=0),
            top_index=count - 1,
            keep_all=np.where(top_k > 0, np.float32(0), NEVER),
            log_min_p=np.array([[plan.log_min_p] for plan in plans], np.float32),
            temperature=heat,
            noise=noise,
        )

    @classmethod
    def greedy(cls, streams: int, vocab_size: int) -> "Draws":
        """Return draws of the likeliest token, for one step of some streams."""
        row = (streams, 1)
        return cls(
            bias=np.zeros((streams, vocab_size), np.float32),
            top_count=np.ones(1, np.int64),
            top_index=np.zeros(row, np.int64),
            keep_all=np.full(row, NEVER),
            log_min_p=np.full(row, NEVER),
            temperature=np.ones((1, *row), np.float32),
            noise=np.zeros((1, streams, vocab_size), np.float32),
        )
