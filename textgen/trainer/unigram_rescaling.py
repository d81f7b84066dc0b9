"""Unigram rescaling: the output bias of a model is fitted to how often a text uses each token."""

import numpy as np
from numpy.typing import NDArray

from textgen.artifact.weights import Weights
from textgen.config.model import ModelConfig
from textgen.config.tokens import EOS_ID
from textgen.runtime.engine.loading import load_engine
from textgen.runtime.engine.logprobs import log_softmax

MOST_TOKENS = 1 << 14  # of the text
BLOCK = 512  # tokens at a time; bounds the memory for logits


def unigram_rescaling(
    config: ModelConfig, weights: Weights, tokens: NDArray[np.integer]
) -> NDArray[np.float32]:
    """Return what to add to the output bias of a model, of shape (vocabulary,).

    A token that the text uses twice as often as the model expects in it becomes twice as likely
    everywhere (Kneser, Peters and Klakow 1997, "dynamic marginals", with an exponent of 1). Names
    and characters that the model has hardly seen cost little from the first step on.

    Args:
        config: of the model; its labels are not used.
        weights: of the model.
        tokens: of the text, of shape (tokens,); the first `MOST_TOKENS` are read.
    """
    read = np.asarray(tokens[:MOST_TOKENS], np.int64)
    engine = load_engine(config, weights)
    state = engine.initial_state()
    inputs = np.concatenate([[EOS_ID], read[:-1]])
    expected = np.zeros(config.vocab_size)
    for start in range(0, len(inputs), BLOCK):
        logits, state = engine.score(inputs[start : start + BLOCK], state)
        expected += np.exp(log_softmax(logits)).sum(axis=0)
    found = np.bincount(read, minlength=config.vocab_size)
    return np.log((found + 1) / (expected + 1)).astype(np.float32)
