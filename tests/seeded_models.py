"""Models whose weights are seeded numbers: the same bits on every processor, made in a moment.

Nobody trained them, so what a test says of them holds wherever it runs, and needs no TensorFlow.
They write babble: tokens about as often as in a small text, in an order that the state decides.
"""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.artifact.model_folder import Model
from textgen.artifact.suffix_array import BETWEEN, CopyIndex, Suffixes
from textgen.artifact.weights import Weights
from textgen.config.generation import GenerationConfig
from textgen.config.model import ModelConfig
from textgen.config.tokens import EOS_ID
from textgen.tokenization.tokenizer import Tokenizer

TIDEWATER = Path(__file__).parent.parent / "corpora" / "tidewater.txt"
SMALL: dict[str, Any] = {"units": (16, 12), "embedding_size": 8}
GRAIN = 64  # biases are whole 64ths, for the last bits of a logarithm differ by processor


def seeded_model(
    tokenizer: str | Tokenizer = "char",
    seed: int = 0,
    *,
    text: str | None = None,
    vocab_size: int = 600,
    unseen: float = 1.0,
    ends: float = 1.0,
    spread: float = 2.0,
    **network: Any,
) -> Model:
    """Make a model that nobody trained.

    Args:
        tokenizer: one, or the kind of one that is learned from the text.
        seed: of the weights.
        text: gives the vocabulary and how often each token is written; `TIDEWATER`, if none is
            given.
        vocab_size: most token types of a tokenizer that is learned.
        unseen: how often a token counts that the text does not hold, such as a byte of a foreign
            script.
        ends: how often `<eos>` counts; with 1, hardly any text ends before its limit.
        spread: how far the state moves the logits; with 0 each token is drawn as if it were alone.
        network: settings of the network: `units`, `layers`, `labels`, `activation` and so on.
    """
    text = TIDEWATER.read_text(encoding="utf-8") if text is None else text
    if isinstance(tokenizer, str):
        tokenizer = Tokenizer.train(tokenizer, [text], normal_form="nfc", vocab_size=vocab_size)
    config = ModelConfig(vocab_size=tokenizer.vocab_size, **SMALL | network)
    weights = seeded_weights(config, seed, scale=1.0)
    for name, array in weights.items():
        if name.endswith("kernel"):
            array *= np.float32((spread if name[:4] != "lstm" else 1.5) / math.sqrt(len(array)))
    if config.tie_embeddings:
        weights["embedding.embeddings"] /= np.float32(config.embedding_scale)
    weights["logits.bias"] = token_logits(tokenizer, text, unseen, ends)
    return Model(config, weights, tokenizer, GenerationConfig())


def seeded_weights(config: ModelConfig, seed: int = 0, scale: float = 0.3) -> Weights:
    """Return a network's parameters as seeded numbers with a standard deviation.

    They are evenly spread, which takes nothing but products; normal ones would take logarithms.
    """
    generator = np.random.Generator(np.random.Philox(seed))
    width = np.float32(scale * math.sqrt(12))
    return {
        name: (generator.random(shape, np.float32) - np.float32(0.5)) * width
        for name, shape in config.tensors().items()
    }


def token_logits(
    tokenizer: Tokenizer, text: str, unseen: float, ends: float
) -> NDArray[np.float32]:
    """Return the logarithms of how often the tokens occur in a text."""
    counts = np.bincount(tokenizer.encode(text), minlength=tokenizer.vocab_size)
    often = np.where(counts, counts, unseen)
    often[EOS_ID] = ends
    logits: NDArray[np.float32] = (np.round(np.log(often) * GRAIN) / GRAIN).astype(np.float32)
    return logits


def copy_index(documents: Iterable[str]) -> CopyIndex:
    """Return the index that `CopyIndex.of` makes, sorted by no library, which takes longer."""
    text = BETWEEN.join(document.encode() for document in documents)
    order = sorted(range(len(text)), key=lambda begin: text[begin:])
    suffixes = Suffixes(text, np.array(order, np.int32))
    return CopyIndex(lambda: suffixes)
