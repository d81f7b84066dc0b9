"""What may come next, and how likely it is."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from textgen.runtime.decoder import Decoder
from textgen.runtime.logprobs import log_softmax
from textgen.runtime.token_names import show_token
from textgen.runtime.writing import Writing
from textgen.sampling.filters import softmax
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
    decoder: Decoder, tokenizer: Tokenizer, writing: Writing, k: int
) -> list[NextToken]:
    """Return the likeliest tokens after a prompt, the likeliest first.

    Args:
        decoder: the model.
        tokenizer: what its tokens are.
        writing: a text that has not been begun.
        k: how many.
    """
    while writing.state is None or len(writing.unread):
        writing.read(decoder)
    rows, _ = decoder.step([writing.last], writing.state)
    probabilities = np.exp(log_softmax(rows[0]))
    candidates = writing.sampler.filter(rows[0])
    sampled = dict(zip(candidates.ids.tolist(), softmax(candidates.logits).tolist(), strict=True))
    likeliest = np.argsort(-probabilities, kind="stable")[:k].tolist()
    return [
        NextToken(
            token,
            show_token(token, tokenizer),
            float(probabilities[token]),
            sampled.get(token, 0.0),
        )
        for token in likeliest
    ]
