"""Logits processors: functions of the user that change the logits of the next token."""

import warnings
from array import array
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from textgen.errors import UsageError
from textgen.sampling.filters import Logits


@runtime_checkable
class LogitsProcessor(Protocol):
    """A function that changes the logits of the next token, before all filters.

    Example:
        >>> import numpy as np
        >>> from textgen import TextGenerator
        >>> generator = TextGenerator.from_pretrained()
        >>> digits = [n for n in range(generator.tokenizer.vocab_size)
        ...           if generator.tokenizer.token_bytes(n).isdigit()]
        >>> def no_digits(tokens, logits):
        ...     logits[digits] = -np.inf
        ...     return logits
        >>> text = generator.generate("In ", logits_processors=[no_digits], seed=1).text
        >>> any(character.isdigit() for character in text)
        False
    """

    def __call__(self, tokens: NDArray[np.int64], logits: Logits, /) -> Any:
        """Return new logits.

        Args:
            tokens: ids of the text so far, shape (tokens,).
            logits: of the next token, shape (vocabulary,); a copy, which may be changed.

        Returns:
            Logits of the same shape; -inf bans a token.
        """


def with_hooks(
    logits_processors: Sequence[LogitsProcessor], hooks: Sequence[LogitsProcessor]
) -> Sequence[LogitsProcessor]:
    """Return logits processors, given by their name or by their old name `hooks`.

    Public methods call it; the warning names the line that called the method.
    """
    if not hooks:
        return logits_processors
    warnings.warn("hooks is now called logits_processors", DeprecationWarning, stacklevel=4)
    return [*logits_processors, *hooks]


def apply_processor(
    processor: LogitsProcessor, tokens: "array[int] | None", logits: Logits
) -> Logits:
    """Let a logits processor change the logits, and check its result.

    Args:
        processor: the user's function.
        tokens: the tokens so far.
        logits: of the next token, of shape (vocabulary,).

    Raises:
        UsageError: it failed, or its result cannot be logits.
    """
    name = getattr(processor, "__name__", type(processor).__name__)
    seen = np.array(tokens, np.int64)
    try:
        changed = np.asarray(processor(seen, logits.copy()), np.float32)
    except Exception as error:  # whatever a user's code raises
        message = " ".join(str(error).split())
        raise UsageError(
            f"logits processor {name} failed: {type(error).__name__}: {message}"
        ) from error
    if changed.shape != logits.shape:
        raise UsageError(
            f"logits processor {name} returned the shape {changed.shape}; it must be {logits.shape}"
        )
    if np.isnan(changed).any() or (changed == np.inf).any():
        raise UsageError(
            f"logits processor {name} returned NaN or infinity; minus infinity alone is a ban"
        )
    return changed
