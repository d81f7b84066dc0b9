"""What tokens read like: pieces of text, given out when nothing about them is undecided."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textgen.config.generation import GenerationConfig
from textgen.sampling.phrase_filters import PhraseFilter, characters_before
from textgen.sampling.stopping import StopFilter
from textgen.tokenization.decoding import HELD, NOTHING, Detokenizer, Misfit
from textgen.tokenization.tokenizer import Tokenizer

MOST_BYTES = 4  # of a character, each of which may be a token


def tokens_before(config: GenerationConfig) -> int:
    """Return how many tokens before a text have to be known to spell it."""
    return HELD + MOST_BYTES * characters_before(config)


class TextChunk(NamedTuple):
    """Some text that is certain.

    Attributes:
        text: never empty.
        tokens: how many of the tokens are out with it, whole.
        beyond: its end, if that is only the beginning of what the next of them read like.
    """

    text: str
    tokens: int
    beyond: str = ""


class TextAssembler:
    """The way from the tokens of a generation to its text.

    A piece ends where a token does, nothing is held back as a possible part of a stop string or of
    what must not be, and no character is half written; so a text can be left there, and gone on
    with from its tokens alone. Only where a stop string or a unit has cut a text, it may end within
    a token.

    Args:
        detokenizer: that the prompt was told; if it is strict, a token that makes a broken
            character is refused.
        stops: finds where the text ends.
        open_tokens: how many of those of the prompt the last character has that is not whole.
        guards: find what must not be in the text; they were told what stands before it.
        whole: how many tokens the text has already, whose text is out.

    Attributes:
        open_tokens: as many at the end now.
        whole: as many now.
        refused: the number, counted from 0, of the token with which something begins that must not
            be; None if nothing does. No token can follow.
        misfits: the tokens that make no character in the place of the one that was refused.
    """

    def __init__(
        self,
        detokenizer: Detokenizer,
        stops: StopFilter,
        open_tokens: int = 0,
        guards: Sequence[PhraseFilter] = (),
        whole: int = 0,
    ) -> None:
        self._detokenizer = detokenizer
        self._stops = stops
        self._guards = guards
        self.refused: int | None = None
        self.misfits = NOTHING
        self.open_tokens = open_tokens
        self._text = ""  # since the last piece
        self._tokens = self.whole = whole  # all, and those that are out
        self._ends = list[int]()  # how many characters there are since then, after each token

    @classmethod
    def behind(
        cls,
        known: NDArray[np.integer],
        tokenizer: Tokenizer,
        config: GenerationConfig,
        guards: Sequence[PhraseFilter] = (),
        *,
        open_tokens: int = 0,
        whole: int = 0,
        said: str = "",
        may_begin_with_stop: bool = False,
        strict: bool = False,
    ) -> "TextAssembler":
        """Return the spelling of what follows some tokens.

        Args:
            known: the last tokens before, as far as they are known; shape (tokens,).
            tokenizer: what they are.
            config: when the text ends.
            guards: find what must not be in it.
            open_tokens: how many of them end in a character that is not whole.
            whole: how many tokens the text has already.
            said: what it reads like.
            may_begin_with_stop: whether a stop string at its very beginning does not end it.
            strict: whether tokens are refused that make broken characters.
        """
        closed, opened = np.split(known, [len(known) - open_tokens])
        detokenizer, is_open = _begin(tokenizer, closed, opened.tolist(), strict=strict)
        stops = StopFilter(config.stop, config.stop_at, may_begin_with_stop=may_begin_with_stop)
        if said:
            stops.push(said, may_stop=False)
        before = tokenizer.decode(closed[-tokens_before(config) :].tolist()) if guards else ""
        for guard in guards:
            guard.pass_over(before)
        return cls(detokenizer, stops, open_tokens if is_open else 0, guards, whole)

    @property
    def stopped(self) -> bool:
        """Whether the text has ended."""
        return self._stops.stopped

    @property
    def is_at_stop(self) -> bool:
        """Whether it has ended before a stop string."""
        return self._stops.is_at_string

    def push(self, token: int, *, may_stop: bool) -> TextChunk | None:
        """Take the next token.

        Args:
            token: its id.
            may_stop: whether the text may end in it.

        Returns:
            what is certain now, if there is anything.
        """
        try:
            read = self._detokenizer.push(token)
        except Misfit:
            self.refused, self.misfits = self._tokens, self._detokenizer.misfits()
            return None
        self._tokens += 1
        self._ends.append((self._ends[-1] if self._ends else 0) + len(read))
        self._add(self._stops.push(read, may_stop))
        self.open_tokens = self.open_tokens + 1 if self._detokenizer.is_open else 0
        if self.stopped:
            return self._cut()
        if self.open_tokens or self._stops.is_deciding or any(one.held for one in self._guards):
            return None
        return self._out()

    def finish(self, *, for_good: bool) -> TextChunk | None:
        """Return what was held back and is part of a text that ends here.

        Args:
            for_good: whether nothing can follow. Else a character that is not whole is left out,
                for its other bytes may come in a later text.
        """
        if for_good or not self._detokenizer.is_open:
            self._add(self._stops.push(self._detokenizer.finish()))
        if not self.stopped:
            self._add(self._stops.finish())
        return self._cut() if self.stopped else self._out()

    def _add(self, text: str) -> None:
        """Take text that is part of the whole, unless something begins that must not be."""
        self._text += text
        for guard in self._guards:
            if self.refused is None and (length := guard.push(text)):
                begin = max(len(self._text) - length, 0)
                number = self.whole + bisect_right(self._ends, begin)
                self.refused = min(number, self._tokens - 1)

    def _out(self) -> TextChunk | None:
        """Give the text out, and all of its tokens with it."""
        if self.refused is not None:
            return None
        text, self._text, self.whole = self._text, "", self._tokens
        self._ends.clear()
        return TextChunk(text, self._tokens) if text else None

    def _cut(self) -> TextChunk | None:
        """Give out the last of the text, whose tokens go on behind its end."""
        if self.refused is not None:
            return None
        text, self._text = self._text, ""
        end = max((end for end in self._ends if end <= len(text)), default=0)
        count = bisect_left(self._ends, end) + 1 if end else 0  # none of a character not whole
        return TextChunk(text, self.whole + count, text[end:]) if text else None


def _begin(
    tokenizer: Tokenizer, closed: NDArray[np.integer], opened: list[int], *, strict: bool
) -> tuple[Detokenizer, bool]:
    """Return the way back to text behind some tokens, and whether a character is open there.

    Args:
        tokenizer: what the tokens are.
        closed: tokens whose characters are whole, shape (tokens,).
        opened: those after them, of a character that is not; from a damaged file, they may be
            anything, and then nothing is open.
        strict: see `Tokenizer.detokenizer`.
    """
    detokenizer = tokenizer.detokenizer(closed, strict=strict)
    try:
        for token in opened:
            detokenizer.push(token)
    except Misfit:
        return tokenizer.detokenizer(closed, strict=strict), False
    return detokenizer, bool(opened)
