"""A text in the making that goes another way where it comes to what must not be in it."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np

from textgen.artifact.suffix_array import CopyIndex
from textgen.config.generation import GenerationConfig
from textgen.config.tokens import EOS_ID
from textgen.errors import DataError, UsageError
from textgen.runtime.engine.engine import Engine
from textgen.runtime.generation.rewind import RewindHistory, RewindPoint
from textgen.runtime.generation.sequence import TextSequence
from textgen.runtime.generation.setting_texts import with_clean_texts
from textgen.runtime.generation.text_assembler import tokens_before
from textgen.sampling.banned_phrases import BannedPhrases
from textgen.sampling.chain import looks_back
from textgen.sampling.phrase_filters import phrase_filters_of
from textgen.sampling.user_processors import LogitsProcessor
from textgen.tokenization.tokenizer import Tokenizer


class BacktrackingSequence(TextSequence):
    """A generation that takes tokens back with which something begins that must not be there.

    That is a banned text, too long a copy, or a byte that makes no character where it stands. The
    same random numbers choose among the tokens that are left there, so a text in which nothing is
    refused is the one that nobody watches. Text is held back while it may be taken back.
    After the antislop sampler by S. Paech (github.com/sam-paech/antislop-sampler).

    Arguments and errors are those of `TextSequence`, and:

    Raises:
        UsageError: every token of the model is banned.
    """

    GOES_BACK: ClassVar[bool] = True

    def __init__(
        self,
        tokenizer: Tokenizer,
        prompt: str,
        config: GenerationConfig,
        copies: CopyIndex | None = None,
        *,
        hooks: Sequence[LogitsProcessor] = (),
        **others: Any,
    ) -> None:
        super().__init__(tokenizer, prompt, config, hooks=hooks, **others)
        self._copies = copies if config.max_copy else None
        self._banned = banned_tokens(config, tokenizer) if config.ban else frozenset[int]()
        back = None if hooks else looks_back(config)
        reach = None if back is None else max(back, tokens_before(config))
        self._past = RewindHistory(self._known, reach)
        self._thorough_behind = -1  # the number of tokens whose text was out at a dead end
        self._mark()

    def longest_copy(self, text: str) -> str | None:
        """Return what of a text is copied, if that is limited."""
        return self._copies.longest(text) if self._copies else None

    def read(self, decoder: Engine) -> int:
        """Let the model read some of a long prompt; return how many tokens."""
        count = super().read(decoder)
        self._mark()
        return count

    def accept_all(self, tokens: Iterable[int], logprobs: Iterable[float]) -> bool:
        """Take the next tokens, up to the one with which the text ends or something is wrong."""
        goes_on = super().accept_all(tokens, logprobs)
        if goes_on:
            self._mark()
        return goes_on

    def _accept(self, token: int, logprob: float) -> bool:
        """Take a token, or go back where something is wrong."""
        self._past.append(token)
        super()._accept(token, logprob)
        if self._spelling.refused is None:
            return True
        self._choose_anew(self._spelling.refused)
        return False

    def _mark(self) -> None:
        """Take note of where the text stands."""
        mark = RewindPoint(self.written, self.last, self.state, self.unread, self.sampler.limit)
        self._past.add_mark(mark, self._spelling.whole)

    def _choose_anew(self, number: int) -> None:
        """Go back to the choice of a token, or of one before it if nothing is left to choose.

        That leaves out ways which begin alike, and may so come to a dead end. Then the search goes
        on from the last token, back one by one, which finds a way if there is one.

        Args:
            number: of the token, counted from 0.
        """
        first = self._spelling.whole
        held = self._past.last(self.written - first)
        is_thorough = self._thorough_behind == first
        misfits = set(self._spelling.misfits.tolist())
        others = misfits or self._banned  # of a ban, tokens that hold one by themselves
        for back in range(len(held) - 1 + first if is_thorough else number, first - 1, -1):
            self._past.refuse(back, {held[back - first], *others})
            others = self._banned
            self._stand_before(back, held)
            if self.sampler.has_choice:
                return
        if is_thorough:
            self.fail(DataError("nothing can follow here but what is banned; allow more"))
            return
        self._thorough_behind = first
        self._past.refused.clear()
        self._stand_before(first, held)

    def _stand_before(self, number: int, held: Sequence[int]) -> None:
        """Stand before a token again.

        Args:
            number: of the token, counted from 0.
            held: all tokens whose text is not out.
        """
        first, count = self._spelling.whole, self.written - number
        mark = self._past.go_back(count, number)
        self.record.take_back(count)
        self.written, self.reason = number, None
        self.last, self.state, self.is_short = mark.last, mark.state, True
        known = held[: number - first]
        self.unread = np.concatenate([mark.unread, self._past.last(number - mark.written)])
        self.sampler = self._sample(
            history=self._past.before(0),
            position=self._moment.since + number,
            drawn=self._moment.drawn + number,
            limit=mark.limit,
            refused={self._moment.since + n: kept for n, kept in self._past.refused.items()},
        )
        self._spelling = self._spell(
            self._past.before(len(known)),
            open_tokens=0 if first else self._moment.open_tokens,
            whole=first,
            said=self._said(),
        )
        for place, token in enumerate(known, start=first + 1):
            self._spelling.push(token, may_stop=self._may_stop(place))

    def _said(self) -> str:
        """Return some of the text that is out, which is white only if all of it is."""
        return next(filter(str.strip, (self._earlier, *self.record.pieces)), "")


def begin_sequence(
    tokenizer: Tokenizer,
    prompt: str,
    config: GenerationConfig,
    copies: CopyIndex | None = None,
    **others: Any,
) -> TextSequence:
    """Begin a generation, with whatever it needs for its settings.

    Arguments and errors are those of `TextSequence`, and:

    Args:
        copies: the model's index of its training text, if it has one.
    """
    config = with_clean_texts(config, tokenizer)
    if config.constraint or config.beams > 1:  # they look ahead, and so never go back
        return TextSequence(tokenizer, prompt, config, **others)
    guards = partial(phrase_filters_of, config, copies)
    guards()  # refuses what cannot be watched for
    return BacktrackingSequence(tokenizer, prompt, config, copies, guards=guards, **others)


def banned_tokens(config: GenerationConfig, tokenizer: Tokenizer) -> frozenset[int]:
    """Return the tokens that hold a banned phrase by themselves.

    Raises:
        UsageError: all that read like something do.
    """
    bans = BannedPhrases(config.ban, any_case=config.ban_any_case)
    texts = {
        token: tokenizer.token_bytes(token).decode(errors="replace")
        for token in range(tokenizer.vocab_size)
        if token != EOS_ID
    }
    banned = frozenset(token for token, text in texts.items() if bans.is_in(tokenizer.clean(text)))
    if len(banned) == len(texts):
        raise UsageError("ban leaves no token of the model to write; ban less")
    return banned
