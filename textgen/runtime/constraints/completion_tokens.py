"""The tokens of a model, in the order in which a completion search tries them."""

import string
from collections.abc import Sequence

import numpy as np

Tokens = tuple[int, ...]

ENDS = "\n\"'}])>.;,!?:"  # characters that close something
BEGINS = "{[(\\"  # and those that open something, which has to be closed again


class CompletionTokens:
    """The tokens of a model, in the order in which a completion search tries them.

    Attributes:
        size: number of token types.
        likely: ids with bytes; those of `ENDS` first, in that order, then the shorter ones first.
        awkward: ids that should not begin an ending.
    """

    def __init__(self, texts: Sequence[bytes]) -> None:
        """
        Args:
            texts: bytes of each token; empty where they are unknown.
        """
        self.size = len(texts)
        self._texts = texts
        written = [token for token, text in enumerate(texts) if token and text]
        rank = {end.encode(): rank for rank, end in enumerate(ENDS)}
        order = {token: rank.get(texts[token].lstrip(b" "), len(ENDS)) for token in written}
        written.sort(key=lambda token: (order[token], len(texts[token])))
        self.likely = np.array(written, np.int64)
        self.awkward = {token for token in written if _is_awkward(texts[token])}
        self._ids = {texts[token]: token for token in sorted(written, reverse=True)}
        self._longest = max(map(len, self._ids), default=0)

    def written(self, tokens: Tokens) -> bytes:
        """Return the bytes of a row of tokens."""
        return b"".join(self._texts[token] for token in tokens)

    def spell(self, text: bytes) -> Tokens:
        """Return tokens that write a text, longest first; an empty tuple if that fails."""
        tokens = list[int]()
        while text:
            pieces = (text[:end] for end in range(self._longest, 0, -1))
            piece = next((piece for piece in pieces if piece in self._ids), None)
            if piece is None:
                return ()
            tokens.append(self._ids[piece])
            text = text[len(piece) :]
        return tuple(tokens)


def _is_awkward(text: bytes) -> bool:
    """Tell whether bytes open something, or belong to a character outside ASCII."""
    first = text.decode("ascii", "replace")[:1]
    return first in BEGINS or first not in string.printable
