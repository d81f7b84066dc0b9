"""A sequence: one text in the making, as data. The loop moves it on; no engine is in it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from textgen.artifact.suffix_array import CopyIndex
from textgen.config.generation import GenerationConfig
from textgen.runtime.constraints.constraint import Constraint
from textgen.runtime.engine.state import State
from textgen.runtime.generation.output_buffer import OutputBuffer
from textgen.runtime.generation.result import Generation, Usage
from textgen.runtime.generation.snapshot import StateSnapshot
from textgen.runtime.generation.text_assembler import (
    TextAssembler,
    detokenizer_after,
    tokens_before,
)
from textgen.sampling.backend import SamplingBackend
from textgen.sampling.phrase_filters import PhraseFilter
from textgen.sampling.plan import SamplingPlan
from textgen.sampling.sampler import Sampler
from textgen.sampling.stopping import StopFilter
from textgen.sampling.user_processors import LogitsProcessor
from textgen.tokenization.byte_decoding import begun_in
from textgen.tokenization.tokenizer import Tokenizer


@dataclass(frozen=True, eq=False, kw_only=True)
class SequenceInputs:
    """Everything that a sequence is made from; it never changes.

    Attributes:
        tokenizer: the model's tokenizer.
        config: length, filters, stopping; its texts are in the model's normal form.
        prompt: token ids, of shape (tokens,).
        start: the snapshot that the prompt follows.
        logits_processors: the user's functions on logits.
        biases: token ids, and what is added to their logits.
        breakers: tokens across which DRY sees no repetition.
        constraint: of the new text, if there is one. It cannot be rewound.
        phrase_filters: makes the filters that find banned text, each time in their first state.
        copies: the index of the training text, if copies from it are limited.
        can_rewind: whether a token may be taken back.
    """

    tokenizer: Tokenizer
    config: GenerationConfig
    prompt: NDArray[np.int32]
    start: StateSnapshot
    logits_processors: Sequence[LogitsProcessor]
    biases: Sequence[tuple[int, float]]
    breakers: Collection[int]
    constraint: Constraint | None
    phrase_filters: Callable[[], Sequence[PhraseFilter]]
    copies: CopyIndex | None
    can_rewind: bool

    @cached_property
    def known_tokens(self) -> NDArray[np.int32]:
        """The tokens before the new text, as far back as they are known; shape (tokens,)."""
        return np.concatenate([self.start.known_tokens(), self.prompt])

    @cached_property
    def earlier_text(self) -> str:
        """The text that this generation had before it was left at the snapshot."""
        known, count = self.known_tokens, self.start.generation_tokens
        return self.tokenizer.decode(known[len(known) - count :].tolist())

    def unfinished_bytes(self) -> bytes:
        """Return the bytes of an incomplete character at the end of the text before."""
        known = self.known_tokens
        tokens = known[len(known) - self.start.open_tokens :].tolist()
        return begun_in(b"".join(map(self.tokenizer.token_bytes, tokens)))

    def sampler(
        self,
        history: NDArray[np.integer],
        token_count: int = 0,
        mirostat_mu: float | None = None,
        refused: Mapping[int, Collection[int]] = MappingProxyType({}),
    ) -> Sampler:
        """Return a sampler for the next token.

        Args:
            history: the tokens before it, of shape (tokens,).
            token_count: number of new tokens among them.
            mirostat_mu: Mirostat's mu there; None for its first value.
            refused: tokens that may not be chosen again, by the index of the new token.
        """
        before = self.start.generation_tokens
        return Sampler(
            self.config,
            self.tokenizer.vocab_size,
            seed=self.config.seed or 0,
            biases=self.biases,
            history=history,
            breakers=self.breakers,
            logits_processors=self.logits_processors,
            constraint=self.constraint,
            position=before + token_count,
            drawn=self.start.drawn + token_count,
            mirostat_mu=mirostat_mu,
            refused={before + index: tokens for index, tokens in refused.items()},
        )

    def assembler(
        self, known: NDArray[np.integer], committed_tokens: int = 0, committed_text: str = ""
    ) -> TextAssembler:
        """Return the assembler of the text after some tokens.

        Args:
            known: the tokens before it, as far back as they are known; shape (tokens,).
            committed_tokens: number of new tokens among them.
            committed_text: their text; its first characters other than white space are enough.
        """
        open_tokens = 0 if committed_tokens else self.start.open_tokens
        closed, opened = np.split(known, [len(known) - open_tokens])
        detokenizer, is_open = detokenizer_after(
            self.tokenizer, closed, opened.tolist(), strict=self.can_rewind
        )
        may_begin_with_stop = self.start.stopped and not committed_tokens
        return TextAssembler(
            detokenizer,
            self._stop_filter(committed_text, may_begin_with_stop=may_begin_with_stop),
            open_tokens if is_open else 0,
            self._phrase_filters_after(closed),
            committed_tokens,
        )

    def _stop_filter(self, committed_text: str, *, may_begin_with_stop: bool) -> StopFilter:
        """Return the stop filter after some text."""
        config = self.config
        stop_filter = StopFilter(
            config.stop, config.stop_at, may_begin_with_stop=may_begin_with_stop
        )
        if committed_text:
            stop_filter.push(committed_text, may_stop=False)
        return stop_filter

    def _phrase_filters_after(self, closed: NDArray[np.integer]) -> Sequence[PhraseFilter]:
        """Return the phrase filters after some tokens, of shape (tokens,)."""
        phrase_filters = self.phrase_filters()
        if phrase_filters:
            text = self.tokenizer.decode(closed[-tokens_before(self.config) :].tolist())
            for phrase_filter in phrase_filters:
                phrase_filter.pass_over(text)
        return phrase_filters

    def may_stop(self, token_count: int) -> bool:
        """Tell whether the text may end after a number of new tokens."""
        return self.start.generation_tokens + token_count >= self.config.min_new_tokens

    def longest_copy(self, text: str) -> str | None:
        """Return the longest part of a text that is copied; None if copies are not limited."""
        return self.copies.longest(text) if self.copies else None


class RewindHook(Protocol):
    """Asked by the loop after tokens were taken: is there a token to rewind to?"""

    def checkpoint(self, sequence: "TextSequence") -> None:
        """Remember the sequence as it is between two calls of the engine."""

    def violation(self, sequence: "TextSequence") -> int | None:
        """Return the index of the new token where a violation begins; None if there is none.

        It is called once for each token, right after the token was taken.
        """

    def rewind(self, sequence: "TextSequence", index: int) -> None:
        """Take the sequence back to before a new token, which may not be chosen again."""


@dataclass(eq=False, kw_only=True)
class TextSequence:
    """One text in the making.

    Attributes:
        inputs: what it is made from.
        unread: tokens of the prompt that the model has not read, of shape (tokens,).
        last_token: the token that the engine is fed next.
        state: the model's state before that token; None is the zero state.
        prefills_in_blocks: whether the prompt is read by the graph that draws tokens.
        sampler: chooses the tokens.
        assembler: turns tokens into text.
        output: tokens and text so far.
        rewind_hook: asked whether to rewind; None if this sequence is never rewound.
        token_count: number of new tokens.
        finish_reason: why the text has ended; None while it goes on.
        error: the error that ended it, if one did.
    """

    inputs: SequenceInputs
    unread: NDArray[np.int32]
    last_token: int
    state: State | None
    prefills_in_blocks: bool
    sampler: Sampler
    assembler: TextAssembler
    output: OutputBuffer
    rewind_hook: RewindHook | None = None
    token_count: int = 0
    finish_reason: str | None = None
    error: Exception | None = None

    @property
    def config(self) -> GenerationConfig:
        """Its settings."""
        return self.inputs.config

    @property
    def seed(self) -> int:
        """The seed of its draws."""
        return self.config.seed or 0

    @property
    def remaining_tokens(self) -> float:
        """Number of tokens that may still be added; infinite without a limit."""
        limit = self.inputs.config.max_new_tokens
        return limit - self.token_count if limit >= 0 else float("inf")

    @property
    def is_cut(self) -> bool:
        """Whether the text ends before the text of its last tokens."""
        return self.assembler.stopped or self.assembler.violation is not None

    @property
    def is_planned(self) -> bool:
        """Whether the next token comes from a plan: the prompt's, or one that a graph can draw."""
        return len(self.unread) > 0 or self.sampler.backend is not SamplingBackend.PYTHON

    def steps_alike(self, limit: int) -> int:
        """Return how many of the next tokens one plan can hold, at most `limit`."""
        known = min(len(self.unread), limit)
        if known == limit or (known and self.sampler.backend is SamplingBackend.PYTHON):
            return known
        return known + self.sampler.steps_alike(limit - known)

    def plan(self, steps: int) -> SamplingPlan:
        """Return how the next tokens are chosen: first the prompt's, then drawn ones."""
        known = self.unread[:steps]
        if len(known) == steps:
            return SamplingPlan.of(known, self.inputs.tokenizer.vocab_size)
        plan = self.sampler.plan(steps - len(known))
        return plan.after(known) if len(known) else plan

    def fail(self, error: Exception) -> None:
        """End with an error; the text so far stays."""
        self.finish_reason, self.error = "error", error

    def result(self) -> Generation:
        """Return the generation so far."""
        text = "".join(self.output.texts)
        return Generation(
            text=text,
            tokens=tuple(self.output.tokens),
            logprobs=tuple(self.output.logprobs),
            finish_reason=self.finish_reason or "unfinished",
            seed=self.seed,
            usage=Usage(len(self.inputs.prompt), self.token_count),
            error=str(self.error) if self.error else None,
            longest_copy=self.inputs.longest_copy(text),
        )
