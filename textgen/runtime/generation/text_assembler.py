"""Incremental detokenization: turns tokens into text chunks that are final."""

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
    """Return how many tokens before a text have to be known to assemble it."""
    return HELD + MOST_BYTES * characters_before(config)


class TextChunk(NamedTuple):
    """Some committed text.

    Attributes:
        text: never empty.
        token_count: number of tokens of the generation whose whole text is committed now.
        rest: the end of the text, if it is only the first part of the text of the next token.
    """

    text: str
    token_count: int
    rest: str = ""


class TextAssembler:
    """Detokenizes a generation, and commits text once it can no longer change.

    Text is held back while it may be part of a stop string, a banned phrase or an incomplete
    character. A chunk ends where a token ends, so a text can be left there and continued from its
    tokens alone. Only the chunk before a stop may end within a token.

    Args:
        detokenizer: after the prompt; if it is strict, a token that makes a broken character is a
            violation.
        stop_filter: finds the end of the text.
        open_tokens: number of tokens before that end in an incomplete character.
        phrase_filters: find banned text; they know the text before.
        committed_tokens: number of tokens of the generation whose text is committed already.

    Attributes:
        open_tokens: number of tokens now that end in an incomplete character.
        committed_tokens: number of tokens now whose text is committed.
        violation: index of the token where a violation begins; None if there is none. No token may
            be pushed after one.
        misfits: the tokens that make no character in the place of the violation.
    """

    def __init__(
        self,
        detokenizer: Detokenizer,
        stop_filter: StopFilter,
        open_tokens: int = 0,
        phrase_filters: Sequence[PhraseFilter] = (),
        committed_tokens: int = 0,
    ) -> None:
        self._detokenizer = detokenizer
        self._stop_filter = stop_filter
        self._phrase_filters = phrase_filters
        self.violation: int | None = None
        self.misfits = NOTHING
        self.open_tokens = open_tokens
        self._held_text = ""
        self._token_count = self.committed_tokens = committed_tokens
        self._ends = list[int]()  # length of the held text after each token

    @property
    def stopped(self) -> bool:
        """Whether the text has ended."""
        return self._stop_filter.stopped

    @property
    def is_at_stop(self) -> bool:
        """Whether the text has ended before a stop string."""
        return self._stop_filter.is_at_string

    def push(self, token: int, *, may_stop: bool) -> TextChunk | None:
        """Take the next token.

        Args:
            token: its id.
            may_stop: whether the text may end in it.

        Returns:
            the text that is committed now, if there is any.
        """
        try:
            text = self._detokenizer.push(token)
        except Misfit:
            self.violation, self.misfits = self._token_count, self._detokenizer.misfits()
            return None
        self._token_count += 1
        self._ends.append((self._ends[-1] if self._ends else 0) + len(text))
        self._hold(self._stop_filter.push(text, may_stop))
        self.open_tokens = self.open_tokens + 1 if self._detokenizer.is_open else 0
        if self.stopped:
            return self._commit_to_stop()
        if self.open_tokens or self._stop_filter.is_deciding:
            return None
        return None if any(one.held for one in self._phrase_filters) else self._commit()

    def finish(self, *, is_final: bool) -> TextChunk | None:
        """Return the held text that is part of a text that ends here.

        Args:
            is_final: whether nothing can follow. Otherwise an incomplete character is left out,
                for its other bytes may come in a later text.
        """
        if is_final or not self._detokenizer.is_open:
            self._hold(self._stop_filter.push(self._detokenizer.finish()))
        if not self.stopped:
            self._hold(self._stop_filter.finish())
        return self._commit_to_stop() if self.stopped else self._commit()

    def _hold(self, text: str) -> None:
        """Add text, and note a violation that begins in it."""
        self._held_text += text
        for phrase_filter in self._phrase_filters:
            if self.violation is None and (length := phrase_filter.push(text)):
                begin = max(len(self._held_text) - length, 0)
                index = self.committed_tokens + bisect_right(self._ends, begin)
                self.violation = min(index, self._token_count - 1)

    def _commit(self) -> TextChunk | None:
        """Commit the held text, and with it all of its tokens."""
        if self.violation is not None:
            return None
        text, self._held_text, self.committed_tokens = self._held_text, "", self._token_count
        self._ends.clear()
        return TextChunk(text, self._token_count) if text else None

    def _commit_to_stop(self) -> TextChunk | None:
        """Commit the last of the text, whose tokens may go on after its end."""
        if self.violation is not None:
            return None
        text, self._held_text = self._held_text, ""
        end = max((end for end in self._ends if end <= len(text)), default=0)
        count = bisect_left(self._ends, end) + 1 if end else 0  # an incomplete character has none
        return TextChunk(text, self.committed_tokens + count, text[end:]) if text else None


def detokenizer_after(
    tokenizer: Tokenizer, closed: NDArray[np.integer], opened: list[int], *, strict: bool
) -> tuple[Detokenizer, bool]:
    """Return the detokenizer after some tokens, and whether a character is incomplete there.

    Args:
        tokenizer: their tokenizer.
        closed: tokens whose characters are complete, of shape (tokens,).
        opened: those after them, of an incomplete character; from a damaged file, they may be
            anything, and then no character is open.
        strict: see `Tokenizer.detokenizer`.
    """
    detokenizer = tokenizer.detokenizer(closed, strict=strict)
    try:
        for token in opened:
            detokenizer.push(token)
    except Misfit:
        return tokenizer.detokenizer(closed, strict=strict), False
    return detokenizer, bool(opened)
