"""The result of a generation."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Usage:
    """Number of tokens that a generation read and generated.

    Attributes:
        prompt_tokens: tokens of the prompt.
        completion_tokens: new tokens.

    Example:
        >>> from textgen import Usage
        >>> Usage(prompt_tokens=3, completion_tokens=5).completion_tokens
        5
    """

    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True)
class Generation:
    """The result of a generation; `str()` gives its text.

        >>> from textgen import Generation, Usage
        >>> str(Generation("Yes.", (5, 9), (-0.1, -0.2), "stop", 7, Usage(3, 2)))
        'Yes.'

    Attributes:
        text: the new text alone, without the prompt.
        tokens: ids of the new tokens, `<eos>` and those of a stop string included.
        logprobs: natural log-probability of each token under the model, before any filter.
        finish_reason: "stop" (`<eos>`, a stop string, a whole unit or a finished constraint),
            "length", "joined" (infilling), "interrupted", "error", or "unfinished".
        seed: the seed, which gives the same text again.
        usage: number of tokens.
        error: message of the error that ended it, if one did.
        longest_copy: the longest part of the text that is in the training text, if `max_copy`
            limits it.
    """

    text: str
    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    finish_reason: str
    seed: int
    usage: Usage
    error: str | None = None
    longest_copy: str | None = None

    def __str__(self) -> str:
        return self.text

    @classmethod
    def failed(cls, error: Exception, seed: int) -> "Generation":
        """Return the result of a generation that could not begin.

        Args:
            error: the reason.
            seed: that it would have had.
        """
        return cls("", (), (), "error", seed, Usage(0, 0), str(error))

    def to_dict(self) -> dict[str, Any]:
        """Return the generation as values that JSON can hold."""
        return asdict(self)
