"""Sampling plans: the settings of one stream's next draws, as arrays.

An engine chooses several tokens by a plan in one call, without asking Python.
"""

import math
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from textgen.sampling.noise import Bits

NEVER = np.float32(-np.inf)  # the logit of a token that cannot be chosen
NO_TOKEN = -1  # in the place of a token's id


class Penalties(NamedTuple):
    """The penalties on one stream's recent tokens.

    Attributes:
        counts: occurrences of each token among them, of shape (vocabulary,).
        leaving: the token that is recent no more after each step, -1 for none; of shape (K,).
        repetition, presence, frequency: as in `GenerationConfig`.
    """

    counts: NDArray[np.int64]
    leaving: NDArray[np.int64]
    repetition: float
    presence: float
    frequency: float

    @classmethod
    def none(cls, steps: int, vocab_size: int) -> Self:
        """Return penalties that change nothing."""
        return cls(np.zeros(vocab_size, np.int64), np.full(steps, NO_TOKEN), 1.0, 0.0, 0.0)


class SamplingPlan(NamedTuple):
    """The settings of one stream's next K draws.

    Attributes:
        bias: added to the logits, of shape (vocabulary,); -inf bans a token.
        penalties: on recent tokens, if there are any.
        top_k: number of tokens to keep; 0 keeps all.
        top_p: probability that the kept tokens must hold; 1 keeps all.
        log_min_p: logits further than this below the largest are cut; -inf is off.
        temperature: of each draw, of shape (K,); 0 takes the likeliest token.
        bits: random bits of the Gumbel noise, of shape (K, vocabulary).
        forced: tokens to choose whatever the model says, of shape (K,); -1 draws one.
    """

    bias: NDArray[np.float32]
    penalties: Penalties | None
    top_k: int
    top_p: float
    log_min_p: float
    temperature: NDArray[np.float32]
    bits: Bits
    forced: NDArray[np.int64]

    @classmethod
    def of(cls, tokens: NDArray[np.integer], vocab_size: int) -> "SamplingPlan":
        """Return the plan that chooses the given tokens, of shape (K,)."""
        empty = cls(
            bias=np.zeros(vocab_size, np.float32),
            penalties=None,
            top_k=0,
            top_p=1.0,
            log_min_p=-math.inf,
            temperature=np.zeros(0, np.float32),
            bits=np.zeros((0, vocab_size), np.uint32),
            forced=np.zeros(0, np.int64),
        )
        return empty.after(tokens)

    def after(self, tokens: NDArray[np.integer]) -> "SamplingPlan":
        """Return this plan with given tokens before its draws, of shape (n,)."""
        count, penalties = len(tokens), self.penalties
        if penalties:
            leaving = np.concatenate([np.full(count, NO_TOKEN), penalties.leaving])
            penalties = penalties._replace(leaving=leaving)
        return self._replace(
            penalties=penalties,
            temperature=np.concatenate([np.ones(count, np.float32), self.temperature]),
            bits=np.concatenate([np.zeros((count, len(self.bias)), np.uint32), self.bits]),
            forced=np.concatenate([np.asarray(tokens, np.int64), self.forced]),
        )

    @property
    def is_simple(self) -> bool:
        """Whether the plan has neither penalties nor top-p."""
        return self.penalties is None and self.top_p == 1
