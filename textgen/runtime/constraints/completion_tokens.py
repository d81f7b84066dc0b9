"""The tokens of a model as a search for endings sees them."""

import string
from collections.abc import Sequence

import numpy as np

Tokens = tuple[int, ...]

ENDS = "\n\"'}])>.;,!?:"  # characters that end something
BEGINS = "{[(\\"  # and those that begin what has to be ended again


class CompletionTokens:
    """The tokens of a model as a search for endings sees them.

    Attributes:
        size: number of token types.
        likely: those that write something; first one of `ENDS`, in that order, then by how much.
        awkward: those with which no way to an end should begin.
    """

    def __init__(self, texts: Sequence[bytes]) -> None:
        """
        Args:
            texts: the bytes that each token writes; empty where that is unknown.
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
        """Return what tokens write, one behind the other."""
        return b"".join(self._texts[token] for token in tokens)

    def spell(self, text: bytes) -> Tokens:
        """Return tokens that write a text, each as long as it can be; none if that fails."""
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
    """Tell whether a text begins what must be ended again, or is part of some rare character."""
    first = text.decode("ascii", "replace")[:1]
    return first in BEGINS or first not in string.printable
