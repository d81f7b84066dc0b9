"""One text in the making: its prompt, the model's state, what is drawn and what it reads like."""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from textgen.config.generation import GenerationConfig
from textgen.config.tokens import EOS_ID
from textgen.errors import DataError, TextgenError, UsageError, by_setting
from textgen.runtime.constraints.constraint import Constraint
from textgen.runtime.engine.engine import Engine
from textgen.runtime.generation.output_buffer import OutputBuffer
from textgen.runtime.generation.result import Generation, Usage
from textgen.runtime.generation.snapshot import BEGINNING, SHORT, StateSnapshot
from textgen.runtime.generation.text_assembler import TextAssembler
from textgen.runtime.generation.token_names import breaker_tokens, token_biases
from textgen.sampling.backend import SamplingBackend
from textgen.sampling.phrase_filters import PhraseFilter
from textgen.sampling.plan import SamplingPlan
from textgen.sampling.sampler import Sampler
from textgen.sampling.user_processors import LogitsProcessor
from textgen.tokenization.byte_decoding import begun_in
from textgen.tokenization.tokenizer import Tokenizer

# Tokens of a longer one that are read before others get their turn, in blocks of the decoder.
READ_AT_ONCE = 1 << 14


class TextSequence:
    """A generation in progress. It knows everything about its text, and computes nothing.

    Args:
        tokenizer: what the model's tokens are.
        prompt: clean text.
        config: length, randomness, filters, constraint, stopping, seed (0 if there is none).
        hooks: users' own steps from logits to logits.
        remembered: how many of the last tokens `result` holds; None for all.
        moment: where the text of a session stands, that will be gone on with.
        guards: gives what finds out, each time from the beginning, what must not be in the text.

    Attributes:
        tokenizer: as given.
        last: the token that is fed next.
        state: what the model has made of the tokens before that; None before the first is fed.
        unread: the tokens of the prompt after that.
        is_short: whether the prompt is read by the graph that writes.
        written: how many tokens it has.
        record: what is written.
        sampler: chooses the tokens.
        reason: why it has ended, or None.
        error: that ended it, if one did.

    Raises:
        UsageError: a setting names what is not a token, a constraint cannot be kept, or hooks
            with beams.
        DataError: the prompt holds a lone surrogate.
    """

    GOES_BACK: ClassVar[bool] = False  # to the choice of a token that is refused

    def __init__(
        self,
        tokenizer: Tokenizer,
        prompt: str,
        config: GenerationConfig,
        *,
        hooks: Sequence[LogitsProcessor] = (),
        remembered: int | None = None,
        moment: StateSnapshot | None = None,
        guards: Callable[[], Sequence[PhraseFilter]] = tuple,
    ) -> None:
        if hooks and config.beams > 1:
            raise UsageError("hooks and beams exclude each other; give one of them")
        self.config = config
        self.seed = config.seed or 0
        self.tokenizer = tokenizer
        tokens = tokenizer.encode(prompt)
        moment = moment or BEGINNING
        known = np.concatenate([moment.known_tokens(), tokens])
        self.unread = tokens
        self.last = moment.last
        self.state = moment.state
        self.written = 0
        self.reason: str | None = None
        self.error: TextgenError | None = None
        self.is_short = len(tokens) <= SHORT
        self._moment, self._known = moment, known
        biases = token_biases(config, tokenizer)
        banned = [token for token, bias in biases if math.isinf(bias)]
        self._constraint = Constraint(config, tokenizer, banned) if config.constraint else None
        self._sample = partial(
            Sampler,
            config,
            tokenizer.vocab_size,
            seed=self.seed,
            biases=biases,
            breakers=breaker_tokens(config, tokenizer),
            hooks=hooks,
            constraint=self._constraint,
        )
        self.sampler = self._sample(
            history=known, position=moment.since, drawn=moment.drawn, limit=moment.limit
        )
        self._prompt_tokens, self._vocab_size = len(tokens), tokenizer.vocab_size
        self.record = OutputBuffer(remembered)
        self._guards = guards
        self._earlier = tokenizer.decode(known[len(known) - moment.since :].tolist())
        self._spelling = self._spell(known, open_tokens=moment.open_tokens, said=self._earlier)
        if config.max_new_tokens == 0:
            self._end("length")

    @property
    def left(self) -> float:
        """How many tokens may still be written."""
        most = self.config.max_new_tokens
        return most - self.written if most >= 0 else float("inf")

    @property
    def is_cut(self) -> bool:
        """Whether the text ends before what the last tokens read like."""
        return self._spelling.stopped or self._spelling.refused is not None

    @property
    def is_at_stop(self) -> bool:
        """Whether the text ends before a stop string."""
        return self._spelling.is_at_stop

    @property
    def open_tokens(self) -> int:
        """How many of the last tokens read like a character that is not whole."""
        return self._spelling.open_tokens

    @property
    def begun(self) -> bytes:
        """The bytes of a character that is not whole, with which the text before it ends."""
        opened = self._known[len(self._known) - self._moment.open_tokens :].tolist()
        return begun_in(b"".join(map(self.tokenizer.token_bytes, opened)))

    @property
    def is_planned(self) -> bool:
        """Whether the next token is chosen by a plan: the prompt's, or that of a graph."""
        return len(self.unread) > 0 or self.sampler.way is not SamplingBackend.PYTHON

    def read(self, decoder: Engine) -> int:
        """Let the model read some of a long prompt; return how many tokens."""
        state = self.state or decoder.initial_state()
        part, self.unread = self.unread[:READ_AT_ONCE], self.unread[READ_AT_ONCE:]
        self.state = decoder.prefill(np.concatenate([[self.last], part[:-1]]), state)
        self.last = int(part[-1])
        return len(part)

    def plan(self, steps: int) -> SamplingPlan:
        """Return how the next tokens are chosen: as the prompt says, then as they are drawn."""
        known = self.unread[:steps]
        if len(known) == steps:
            return SamplingPlan.of(known, self._vocab_size)
        plan = self.sampler.plan(steps - len(known))
        return plan.after(known) if len(known) else plan

    def steps_alike(self, most: int) -> int:
        """Return how many of the next tokens one plan can hold, at most `most`."""
        known = min(len(self.unread), most)
        if known == most or (known and self.sampler.way is SamplingBackend.PYTHON):
            return known
        return known + self.sampler.steps_alike(most - known)

    def follow(self, tokens: Sequence[int], logprobs: Sequence[float]) -> int:
        """Go on with tokens that were chosen by a plan; return how many are of the prompt."""
        known = min(len(self.unread), len(tokens))
        if known:
            self.last, self.unread = tokens[known - 1], self.unread[known:]
        self.sampler.follow(tokens[known:])
        self.accept_all(tokens[known:], logprobs[known:])
        return known

    def accept_all(self, tokens: Iterable[int], logprobs: Iterable[float]) -> bool:
        """Take the next tokens, up to the end of the text; return whether it goes on then."""
        for token, logprob in zip(tokens, logprobs, strict=True):
            if self.reason:
                return False
            if math.isnan(logprob):  # as activations without bounds may bring about
                self.fail(DataError(f"the model's state overflowed after {self.written} tokens"))
            elif not self._accept(token, logprob):
                return False
        return not self.reason

    def interrupt(self) -> None:
        """End as it is, if it has not ended."""
        if not self.reason:
            self._end("interrupted")

    def fail(self, error: TextgenError) -> None:
        """End with an error; what has been written stays."""
        self.reason, self.error = "error", error

    def longest_copy(self, text: str) -> str | None:
        """Return nothing: copies are not limited."""
        return None

    def result(self) -> Generation:
        """Return what has been written so far."""
        text = "".join(self.record.pieces)
        return Generation(
            text=text,
            tokens=tuple(self.record.tokens),
            logprobs=tuple(self.record.logprobs),
            finish_reason=self.reason or "unfinished",
            seed=self.seed,
            usage=Usage(self._prompt_tokens, self.written),
            error=str(self.error) if self.error else None,
            longest_copy=self.longest_copy(text),
        )

    def _accept(self, token: int, logprob: float) -> bool:
        """Take a token; return whether those that were drawn behind it can follow."""
        self.last = token
        self.written += 1
        self.record.append(token, logprob)
        may_stop = self._may_stop(self.written)
        self.record.write(self._spelling.push(token, may_stop=may_stop))
        if self._spelling.refused is not None:
            return False
        if self._spelling.stopped:
            self.reason = "stop"
        elif token == EOS_ID or (may_stop and self._constraint and self._constraint.must_end):
            self._end("stop")
        elif self.left <= 0:
            self._end("length")
        return True

    def _end(self, reason: str) -> None:
        """Let out what was held back; a text that the constraint does not allow is an error."""
        self.record.write(self._spelling.finish(for_good=reason == "stop"))
        self.reason = "stop" if self._spelling.stopped else reason
        if reason == "length" and self._constraint:
            self._end_constrained(self._constraint)

    def _end_constrained(self, constraint: Constraint) -> None:
        """End where no token is left: a text that fits is whole."""
        self.reason = "stop"
        if not constraint.is_complete:
            self.fail(
                DataError(
                    f"{self.written} tokens were not enough for a text that fits "
                    f"{self.config.constraint}{by_setting('; raise {}', 'max_new_tokens')}"
                )
            )

    def _spell(self, known: NDArray[np.integer], **others: Any) -> TextAssembler:
        """Return the spelling of what follows some tokens; see `TextAssembler.behind`."""
        others["may_begin_with_stop"] = self._moment.stopped and not others.get("whole")
        parts = (known, self.tokenizer, self.config, self._guards())
        return TextAssembler.behind(*parts, strict=self.GOES_BACK, **others)

    def _may_stop(self, written: int) -> bool:
        """Return whether the text may end after so many tokens."""
        return self._moment.since + written >= self.config.min_new_tokens
