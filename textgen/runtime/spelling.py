"""What tokens read like: pieces of text, given out when nothing about them is undecided."""

from collections.abc import Sequence
from typing import NamedTuple

from textgen.sampling.stopping import StopFilter
from textgen.tokenization.decoding import Detokenizer


class Piece(NamedTuple):
    """Some text that is certain.

    Attributes:
        text: never empty.
        tokens: how many of the tokens are out with it, whole.
        beyond: its end, if that is only the beginning of what the next of them read like.
    """

    text: str
    tokens: int
    beyond: str = ""


class Spelling:
    """The way from the tokens of a generation to its text.

    A piece ends where a token does, nothing is held back as a possible part of a stop string, and
    no character is half written; so a text can be left there, and gone on with from its tokens
    alone. Only where a stop string or a unit has cut a text, it may end within a token.

    Args:
        detokenizer: that the prompt was told.
        stops: finds where the text ends.
        open_tokens: those of the prompt whose last character is not whole, if it may become so.

    Attributes:
        open_tokens: as many at the end now.
    """

    def __init__(
        self, detokenizer: Detokenizer, stops: StopFilter, open_tokens: Sequence[int] = ()
    ) -> None:
        self._detokenizer = detokenizer
        self._stops = stops
        self.open_tokens = len(open_tokens)
        for token in open_tokens:
            detokenizer.push(token)
        self._text = ""  # since the last piece
        self._tokens = self._whole = 0  # all, and those that are out, whole

    @property
    def stopped(self) -> bool:
        """Whether the text has ended."""
        return self._stops.stopped

    def push(self, token: int, *, may_stop: bool) -> Piece | None:
        """Take the next token.

        Args:
            token: its id.
            may_stop: whether the text may end in it.

        Returns:
            what is certain now, if there is anything.
        """
        self._tokens += 1
        self._text += self._stops.push(self._detokenizer.push(token), may_stop)
        self.open_tokens = self.open_tokens + 1 if self._detokenizer.is_open else 0
        if self.stopped:
            return self._cut()
        if self.open_tokens or self._stops.is_deciding:
            return None
        return self._out()

    def finish(self, *, goes_on: bool = False) -> Piece | None:
        """Return what was held back and is part of a text that ends here.

        Args:
            goes_on: whether a character that is not whole is waited for, in a later text.
        """
        if not goes_on:
            self._text += self._stops.push(self._detokenizer.finish())
        if not self.stopped:
            self._text += self._stops.finish()
        return self._cut() if self.stopped else self._out()

    def _out(self) -> Piece | None:
        """Give the text out, and all of its tokens with it."""
        text, self._text, self._whole = self._text, "", self._tokens
        return Piece(text, self._tokens) if text else None

    def _cut(self) -> Piece | None:
        """Give out the last of the text, whose tokens go on behind its end."""
        text, self._text = self._text, ""
        return Piece(text, self._whole, text) if text else None
