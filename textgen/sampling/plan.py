"""What a compiled graph needs to choose tokens without asking Python."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textgen.sampling.noise import Bits, gumbel

NEVER = np.float32(-np.inf)
NOBODY = -1  # in the place of a token
# Of the largest logits so many are put in order for top-p, before all are.
FEW = 32


class Penalties(NamedTuple):
    """The penalties on one stream's recent tokens.

    Attributes:
        counts: how often each token occurs among them, of shape (vocabulary,).
        leaving: the token that is recent no more after each step; -1 is none; of shape (K,).
        repetition, presence, frequency: as in `GenerationConfig`.
    """

    counts: NDArray[np.int64]
    leaving: NDArray[np.int64]
    repetition: float
    presence: float
    frequency: float


class SamplingPlan(NamedTuple):
    """How one stream chooses its next K tokens.

    Attributes:
        bias: added to the logits, of shape (vocabulary,); -inf is a ban.
        penalties: on recent tokens, if there are any.
        top_k: how many tokens are left; 0 is all.
        top_p: the probability that the likeliest tokens hold that are left; 1 is all.
        log_min_p: how far below the largest logit the others may be; -inf is off.
        temperature: of each token, of shape (K,); 0 takes the likeliest.
        bits: that the noise is made of, of shape (K, vocabulary).
        forced: tokens that are chosen whatever the model says, of shape (K,); -1 is drawn.
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
        """Return the plan that chooses these tokens, of shape (K,)."""
        nothing = cls(
            bias=np.zeros(vocab_size, np.float32),
            penalties=None,
            top_k=0,
            top_p=1.0,
            log_min_p=-math.inf,
            temperature=np.zeros(0, np.float32),
            bits=np.zeros((0, vocab_size), np.uint32),
            forced=np.zeros(0, np.int64),
        )
        return nothing.after(tokens)

    def after(self, tokens: NDArray[np.integer]) -> "SamplingPlan":
        """Return the plan with steps before its own that choose these tokens, of shape (n,)."""
        count, penalties = len(tokens), self.penalties
        if penalties:
            leaving = np.concatenate([np.full(count, NOBODY), penalties.leaving])
            penalties = penalties._replace(leaving=leaving)
        return self._replace(
            penalties=penalties,
            temperature=np.concatenate([np.ones(count, np.float32), self.temperature]),
            bits=np.concatenate([np.zeros((count, len(self.bias)), np.uint32), self.bits]),
            forced=np.concatenate([np.asarray(tokens, np.int64), self.forced]),
        )

    @property
    def is_simple(self) -> bool:
        """Whether the graph without penalties and top-p is enough."""
        return self.penalties is None and self.top_p == 1


class GraphInputs(NamedTuple):
    """How B streams choose each of their next K tokens.

    Attributes:
        is_simple: whether they take the graph without penalties and top-p. A stream's tokens are
            the same with either.
        inputs: of the graph, by name; `writing_graph` tells what each is.
    """

    is_simple: bool
    inputs: dict[str, NDArray[Any]]

    @classmethod
    def of(cls, plans: Sequence[SamplingPlan]) -> "GraphInputs":
        """Put the plans of several streams side by side; all must be for as many steps."""
        inputs = {**_chosen(plans), **_kept(plans)}
        if all(plan.is_simple for plan in plans):
            return cls(True, inputs)
        return cls(False, inputs | _penalized(plans))

    @classmethod
    def greedy(cls, streams: int, vocab_size: int) -> "GraphInputs":
        """Return draws of the likeliest token, for one step of some streams."""
        zeros = np.zeros((streams, vocab_size), np.float32)
        row = (streams, 1)
        inputs: dict[str, NDArray[Any]] = {
            "bias": zeros,
            "top_count": np.ones(1, np.int64),
            "top_index": np.zeros(row, np.int64),
            "keep_all": np.full(row, NEVER),
            "log_min_p": np.full(row, NEVER),
            "temperature": np.ones((1, *row), np.float32),
            "noise": zeros[None],
            "forced": np.full((1, streams), NOBODY),
        }
        return cls(True, inputs)


def _chosen(plans: Sequence[SamplingPlan]) -> dict[str, NDArray[Any]]:
    """Return temperature and noise, which is nothing where a token is not drawn, and the forced."""
    heat = np.stack([plan.temperature for plan in plans], axis=1)[:, :, None]
    noise = gumbel(np.stack([plan.bits for plan in plans], axis=1))
    warm = heat > 0
    if not warm.all():
        noise, heat = np.where(warm, noise, np.float32(0)), np.where(warm, heat, np.float32(1))
    forced = np.stack([plan.forced for plan in plans], axis=1)
    return {"temperature": heat, "noise": noise, "forced": forced}


def _kept(plans: Sequence[SamplingPlan]) -> dict[str, NDArray[Any]]:
    """Return biases, and what top-k and min-p keep."""
    bias = np.stack([plan.bias for plan in plans])
    vocab_size = bias.shape[1]
    top_k = np.array([[plan.top_k] for plan in plans])
    count = np.array([[_looked_at(plan, vocab_size)] for plan in plans])
    return {
        "bias": bias,
        "top_count": count.max(axis=0),
        "top_index": count - 1,
        "keep_all": np.where(top_k > 0, np.float32(0), NEVER),
        "log_min_p": np.array([[plan.log_min_p] for plan in plans], np.float32),
    }


def _looked_at(plan: SamplingPlan, vocab_size: int) -> int:
    """Return how many of the largest logits have to be put in order."""
    if not plan.top_k:
        return 1 if plan.top_p == 1 else min(FEW, vocab_size)
    return min(plan.top_k, vocab_size)


def _penalized(plans: Sequence[SamplingPlan]) -> dict[str, NDArray[Any]]:
    """Return what penalties and top-p add; neutral values for streams without them."""
    steps, vocab_size = plans[0].bits.shape
    off = Penalties(np.zeros(vocab_size, np.int64), np.full(steps, NOBODY), 1.0, 0.0, 0.0)
    penalties = [plan.penalties or off for plan in plans]
    forced = np.stack([plan.forced for plan in plans], axis=1)
    leaving = np.stack([one.leaving for one in penalties], axis=1)[:, :, None]
    top_p = np.array([[plan.top_p] for plan in plans])
    factors = {
        name: np.array([[getattr(one, name)] for one in penalties], np.float32)
        for name in ("repetition", "presence", "frequency")
    }
    return {
        "counts": np.stack([one.counts for one in penalties]).astype(np.float32),
        "entered": (forced == NOBODY)[:, :, None].astype(np.float32),
        "leaving": np.maximum(leaving, 0),
        "left": np.where(leaving >= 0, np.float32(-1), np.float32(0)),
        "top_p": top_p,
        "uses_top_p": top_p < 1,
        "keep_tail": np.where(top_p < 1, np.float32(0), NEVER),
        **factors,
    }
