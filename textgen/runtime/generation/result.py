"""What a generation gives."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Usage:
    """How many tokens a generation read and wrote."""

    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True)
class Generation:
    """A finished generation; `str()` gives its text.

    Attributes:
        text: the new text alone, without the prompt.
        tokens: ids drawn, `<eos>` and those of a stop string included.
        logprobs: natural log-probability of each token under the model, before any filter.
        finish_reason: "stop" (`<eos>`, a stop string, a whole unit or a finished constraint),
            "length", "joined" (to a text behind), "interrupted", "error", or "unfinished" while it
            goes on.
        seed: gives the same text again.
        usage: tokens read and written.
        error: why one of several generations failed, if it did.
        longest_copy: the longest stretch of the text that stands in the training text, where
            `max_copy` limits it.
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
        """Return the result of one of several generations that could not begin."""
        return cls("", (), (), "error", seed, Usage(0, 0), str(error))

    def to_dict(self) -> dict[str, Any]:
        """Return the generation as values that JSON can hold."""
        return asdict(self)
