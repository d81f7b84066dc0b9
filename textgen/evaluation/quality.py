"""The figures of quality: cross-entropy, perplexity, bits per byte and per character."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from textgen.tokenization.token_store import SplitCounts


@dataclass(frozen=True)
class Quality:
    """Quality of a language model on a text; for all rates, lower is better.

    Attributes:
        nats_per_token: mean negative natural log-probability of a token, `<eos>` included.
        perplexity: its exponential.
        bits_per_byte: bits for each UTF-8 byte of the clean text, one counted per document end.
        bits_per_character: bits for each code point, one counted per document end.
        tokens, characters, bytes, documents: size of the text.

    Example:
        >>> from textgen import TextGenerator
        >>> TextGenerator.from_pretrained().evaluate(["It was a dark night."]).characters
        20
    """

    nats_per_token: float
    perplexity: float
    bits_per_byte: float
    bits_per_character: float
    tokens: int
    characters: int
    bytes: int
    documents: int

    @classmethod
    def of(cls, nats_per_token: float, counts: SplitCounts) -> "Quality":
        """Derive all figures from the mean and the size of the text."""
        bits = nats_per_token * counts.tokens / math.log(2)
        return cls(
            nats_per_token=nats_per_token,
            perplexity=math.exp(min(nats_per_token, 700.0)),  # e**710 exceeds a float
            bits_per_byte=bits / (counts.bytes + counts.documents),
            bits_per_character=bits / (counts.characters + counts.documents),
            tokens=counts.tokens,
            characters=counts.characters,
            bytes=counts.bytes,
            documents=counts.documents,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as JSON values."""
        return asdict(self)
