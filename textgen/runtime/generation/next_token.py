"""The likeliest next tokens, with their probabilities."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from textgen.errors import UsageError
from textgen.runtime.engine.engine import Engine
from textgen.runtime.engine.logprobs import log_softmax
from textgen.runtime.generation.loop import read_prompt
from textgen.runtime.generation.sequence import TextSequence
from textgen.runtime.generation.token_names import show_token


@dataclass(frozen=True)
class NextToken:
    """A token that may come next, with its probabilities.

        >>> from textgen import TextGenerator
        >>> first, second = TextGenerator.from_pretrained().next("It was", k=2)
        >>> first.probability >= second.probability
        True

    Attributes:
        token: its id.
        text: its text in quotes, or its bytes if they are no text.
        probability: under the model.
        sampled: its probability after all filters, with which it is drawn.
    """

    token: int
    text: str
    probability: float
    sampled: float

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as values that JSON can hold."""
        return asdict(self)


def next_tokens(engine: Engine, sequence: TextSequence, k: int) -> list[NextToken]:
    """Return the k likeliest tokens after a prompt, the likeliest first.

    Args:
        engine: the model.
        sequence: a sequence without new tokens.
        k: number of tokens.

    Raises:
        UsageError: k is negative.
    """
    if k < 0:
        raise UsageError(f"k is {k}; it must be at least 0")
    for _ in read_prompt(engine, sequence):
        pass
    tokenizer = sequence.inputs.tokenizer
    rows, _ = engine.step([sequence.last_token], sequence.state or engine.initial_state())
    probabilities = np.exp(log_softmax(rows[0]))
    misfits = tokenizer.misfits(sequence.inputs.unfinished_bytes())
    sampled = sequence.sampler.probabilities(rows[0], misfits)
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
