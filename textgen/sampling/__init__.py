"""Choosing tokens: filters over logits, the chain of them, draws, stopping."""

from textgen.sampling.chain import Sampler
from textgen.sampling.filters import apply_temperature, apply_top_k, apply_top_p, softmax
from textgen.sampling.stopping import StopFilter

__all__ = [
    "Sampler",
    "StopFilter",
    "apply_temperature",
    "apply_top_k",
    "apply_top_p",
    "softmax",
]
