"""A hook that has a model write a text of ours, so that tests know what comes."""

from collections.abc import Sequence

import numpy as np

from textgen.config.tokens import EOS_ID
from textgen.sampling.user_processors import LogitsProcessor


def dictate(tokens: Sequence[int], prompt_tokens: int = 0) -> LogitsProcessor:
    """Return a hook that lets nothing be written but these tokens, then `<eos>`.

    Args:
        tokens: ids.
        prompt_tokens: how many come before them.
    """

    def dictated(seen: np.ndarray, logits: np.ndarray) -> np.ndarray:
        position = len(seen) - prompt_tokens
        wanted = tokens[position] if position < len(tokens) else EOS_ID
        only = np.full_like(logits, -np.inf)
        only[wanted] = logits[wanted]
        return only

    return dictated
