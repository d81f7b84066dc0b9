"""Choosing tokens: filters over logits, the chain of them, draws, stopping."""

from textgen.sampling.chain import Sampler
from textgen.sampling.filters import (
    apply_min_p,
    apply_temperature,
    apply_top_k,
    apply_top_p,
    apply_typical_p,
    softmax,
)
from textgen.sampling.penalties import (
    apply_logit_bias,
    apply_presence_and_frequency,
    apply_repetition_penalty,
)
from textgen.sampling.stopping import StopFilter

__all__ = [
    "Sampler",
    "StopFilter",
    "apply_logit_bias",
    "apply_min_p",
    "apply_presence_and_frequency",
    "apply_repetition_penalty",
    "apply_temperature",
    "apply_top_k",
    "apply_top_p",
    "apply_typical_p",
    "softmax",
]
