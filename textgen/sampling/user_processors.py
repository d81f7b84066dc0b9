"""Users' own steps from logits to logits."""

from array import array
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.errors import UsageError
from textgen.sampling.filters import Logits

# A user's own step: the tokens so far, of shape (tokens,), and the logits, of shape (vocabulary,),
# to other logits.
LogitsProcessor = Callable[[NDArray[np.int64], Logits], Any]


def apply_processor(hook: LogitsProcessor, tokens: "array[int] | None", logits: Logits) -> Logits:
    """Let a user's own step change the logits, and check what it made of them."""
    name = getattr(hook, "__name__", type(hook).__name__)
    seen = np.array(tokens, np.int64)
    try:
        changed = np.asarray(hook(seen, logits.copy()), np.float32)
    except Exception as error:  # whatever a user's code raises
        told = " ".join(str(error).split())
        raise UsageError(f"hook {name} failed: {type(error).__name__}: {told}") from error
    if changed.shape != logits.shape:
        raise UsageError(
            f"hook {name} returned the shape {changed.shape}; it must be {logits.shape}"
        )
    if np.isnan(changed).any() or (changed == np.inf).any():
        raise UsageError(f"hook {name} returned NaN or infinity; minus infinity alone is a ban")
    return changed
