"""Choosing tokens: filters over logits, the chain of them, draws, stopping."""

from textgen.sampling.candidates import Candidates
from textgen.sampling.chain import Chain
from textgen.sampling.dry import apply_dry, breaker_tokens
from textgen.sampling.filters import (
    apply_min_p,
    apply_temperature,
    apply_top_k,
    apply_top_n_sigma,
    apply_top_p,
    apply_typical_p,
    apply_xtc,
    distribution,
    dynamic_temperature,
    softmax,
)
from textgen.sampling.mirostat import apply_mirostat
from textgen.sampling.penalties import (
    apply_logit_bias,
    apply_presence_and_frequency,
    apply_repetition_penalty,
)
from textgen.sampling.sampler import Sampler
from textgen.sampling.stopping import StopFilter

__all__ = [
    "Candidates",
    "Chain",
    "Sampler",
    "StopFilter",
    "apply_dry",
    "apply_logit_bias",
    "apply_min_p",
    "apply_mirostat",
    "apply_presence_and_frequency",
    "apply_repetition_penalty",
    "apply_temperature",
    "apply_top_k",
    "apply_top_n_sigma",
    "apply_top_p",
    "apply_typical_p",
    "apply_xtc",
    "breaker_tokens",
    "distribution",
    "dynamic_temperature",
    "softmax",
]
