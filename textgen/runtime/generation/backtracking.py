"""Backtracking: where banned text begins, the sequence is rewound, and another token is chosen."""

from collections.abc import Sequence

import numpy as np

from textgen.config.generation import GenerationConfig
from textgen.config.tokens import EOS_ID
from textgen.errors import DataError, UsageError
from textgen.runtime.generation.rewind_history import RewindHistory, RewindPoint
from textgen.runtime.generation.sequence import SequenceInputs, TextSequence
from textgen.runtime.generation.text_assembler import tokens_before
from textgen.sampling.banned_phrases import BannedPhrases
from textgen.sampling.chain import looks_back
from textgen.tokenization.tokenizer import Tokenizer


class Backtracking:
    """Rewinds a sequence to the token where a violation begins; a hook of the loop.

    A violation is a banned phrase, too long a copy of the training text, or a byte that makes no
    character. The same random numbers choose among the tokens that are left, so a text without
    violations is the same with and without this hook. Text that may be taken back is held back.
    After the antislop sampler by S. Paech (github.com/sam-paech/antislop-sampler).

    Args:
        inputs: what the sequence is made from.

    Raises:
        UsageError: every token of the model is banned.
    """

    def __init__(self, inputs: SequenceInputs) -> None:
        config = inputs.config
        self._inputs = inputs
        self._banned = banned_tokens(config, inputs.tokenizer) if config.ban else frozenset[int]()
        back = None if inputs.logits_processors else looks_back(config)
        reach = None if back is None else max(back, tokens_before(config))
        self._history = RewindHistory(inputs.known_tokens, reach)
        self._exhaustive_after = -1  # the number of committed tokens at the last dead end

    def checkpoint(self, sequence: TextSequence) -> None:
        """Remember the sequence as it is between two calls of the engine."""
        point = RewindPoint(
            sequence.token_count,
            sequence.last_token,
            sequence.state,
            sequence.unread,
            sequence.sampler.mirostat_mu,
        )
        self._history.add_point(point, sequence.assembler.committed_tokens)

    def violation(self, sequence: TextSequence) -> int | None:
        """Take note of the last token; return the index of the one where a violation begins."""
        self._history.append(sequence.last_token)
        return sequence.assembler.violation

    def rewind(self, sequence: TextSequence, index: int) -> None:
        """Rewind to a new token, or to one before it if no choice is left there.

        This skips texts that begin alike, so it may come to a dead end. Then the search starts
        again from the last token, one token back at a time, which finds a text if there is one.
        """
        committed = sequence.assembler.committed_tokens
        held = self._history.last(sequence.token_count - committed)
        is_exhaustive = self._exhaustive_after == committed
        others = set(sequence.assembler.misfits.tolist()) or self._banned
        last = len(held) - 1 + committed if is_exhaustive else index
        for candidate in range(last, committed - 1, -1):
            self._history.refuse(candidate, {held[candidate - committed], *others})
            others = self._banned
            self._restore(sequence, candidate, held)
            if sequence.sampler.has_choice:
                return
        if is_exhaustive:
            sequence.fail(
                DataError("every continuation is banned here; ban less, or allow longer copies")
            )
            return
        self._exhaustive_after = committed
        self._history.refused.clear()
        self._restore(sequence, committed, held)

    def _restore(self, sequence: TextSequence, index: int, held: Sequence[int]) -> None:
        """Make the sequence what it was before a new token.

        Args:
            sequence: to be changed.
            index: of the token.
            held: all tokens whose text is not committed.
        """
        committed, count = sequence.assembler.committed_tokens, sequence.token_count - index
        point = self._history.rewind(count, index)
        sequence.output.take_back(count)
        sequence.token_count, sequence.finish_reason = index, None
        sequence.last_token, sequence.state = point.last_token, point.state
        sequence.unread = np.concatenate(
            [point.unread, self._history.last(index - point.token_count)]
        )
        sequence.prefills_in_blocks = True
        sequence.sampler = self._inputs.sampler(
            self._history.before(0), index, point.mirostat_mu, self._history.refused
        )
        self._restore_assembler(sequence, held[: index - committed])

    def _restore_assembler(self, sequence: TextSequence, held: Sequence[int]) -> None:
        """Assemble the text after the committed tokens anew."""
        committed = sequence.assembler.committed_tokens
        texts = (self._inputs.earlier_text, *sequence.output.texts)
        sequence.assembler = self._inputs.assembler(
            self._history.before(len(held)), committed, next(filter(str.strip, texts), "")
        )
        for count, token in enumerate(held, start=committed + 1):
            sequence.assembler.push(token, may_stop=self._inputs.may_stop(count))


def banned_tokens(config: GenerationConfig, tokenizer: Tokenizer) -> frozenset[int]:
    """Return the tokens whose own text holds a banned phrase.

    Raises:
        UsageError: every token with a text does.
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
