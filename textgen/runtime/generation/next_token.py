"""What may come next, and how likely it is."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from textgen.errors import UsageError
from textgen.runtime.engine.engine import Engine
from textgen.runtime.engine.logprobs import log_softmax
from textgen.runtime.generation.scheduler import read_part
from textgen.runtime.generation.sequence import TextSequence
from textgen.runtime.generation.token_names import show_token
from textgen.tokenization.tokenizer import Tokenizer


@dataclass(frozen=True)
class NextToken:
    """A token that may come next.

    Attributes:
        token: its id.
        text: it as people read it: in quotes, or its bytes if they are no text.
        probability: under the model.
        sampled: probability with which it is drawn, after all filters.
    """

    token: int
    text: str
    probability: float
    sampled: float

    def to_dict(self) -> dict[str, Any]:
        """Return it as values that JSON can hold."""
        return asdict(self)


def next_tokens(
    decoder: Engine, tokenizer: Tokenizer, writing: TextSequence, k: int
) -> list[NextToken]:
    """Return the likeliest tokens after a prompt, the likeliest first.

    Args:
        decoder: the model.
        tokenizer: what its tokens are.
        writing: a text that has not been begun.
        k: how many.

    Raises:
        UsageError: k is negative.
    """
    if k < 0:
        raise UsageError(f"k is {k}; it must be at least 0")
    while len(writing.unread):
        read_part(decoder, writing)
    rows, _ = decoder.step([writing.last], writing.state or decoder.initial_state())
    probabilities = np.exp(log_softmax(rows[0]))
    sampled = writing.sampler.probabilities(rows[0], tokenizer.misfits(writing.begun))
    likeliest = np.argsort(-probabilities, kind="stable")[:k].tolist()
    return [
        NextToken(
            token,
            show_token(token, tokenizer),
            float(probabilities[token]),
            float(sampled[token]),
        )
        for token in likeliest
    ]
