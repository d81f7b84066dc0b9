"""A generation of a session as an iterator, behind whose pieces the session stands."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from textgen.errors import UsageError
from textgen.runtime.engine.engine import Engine
from textgen.runtime.engine.logprobs import chosen_logprobs
from textgen.runtime.generation.result import Generation
from textgen.runtime.generation.sequence import TextSequence
from textgen.runtime.generation.snapshot import StateSnapshot
from textgen.runtime.generation.text_assembler import TextChunk
from textgen.runtime.generation.text_stream import TextStream
from textgen.tokenization.tokenizer import Tokenizer

# Moments are kept for `undo` after so many tokens, and after this share of a long text, so that an
# endless one takes little more than its tokens.
LEAST_APART = 64
SHARE_APART = 1 / 64


class SessionStream(TextStream):
    """A generation that begins at a moment, and knows the moment behind what was taken of it.

    Tokens are drawn ahead of the pieces; those that nobody has taken are drawn again.

    Args:
        decoder: the model.
        tokenizer: what its tokens are.
        writing: what is written, begun at `start`.
        start: where the session stood.
    """

    def __init__(
        self, decoder: Engine, tokenizer: Tokenizer, writing: TextSequence, start: StateSnapshot
    ) -> None:
        super().__init__(decoder, writing)
        self._tokenizer = tokenizer
        self._start = self._kept = self._mark = start
        self._has_ended = self._is_closed = False

    def __next__(self) -> str:
        """Return the next piece of text; errors are those of `TextStream`.

        Raises:
            UsageError: the session has gone on without it.
        """
        if self._is_closed:
            raise UsageError("the session has gone on otherwise; begin another stream of it")
        try:
            piece = super().__next__()
        except StopIteration:
            if not self._has_ended:
                self._mark, self._has_ended = self._end(), True
            raise
        self._set_mark()
        return piece

    def result(self) -> Generation:
        """Return what the session has gained: the text that was taken, and its tokens.

        `undo` with their number leads back to where the stream began. Where a stop string or a
        unit cut a token, they are those of what is left of it.
        """
        whole, record = self._writing.result(), self._writing.record
        if self._has_ended and not self._writing.is_cut:
            return whole
        count = record.taken.tokens if record.taken else 0
        kept = max(len(whole.tokens) - (self._writing.written - count), 0)
        tokens, logprobs = self._left_of_a_token(record.taken)
        text = "".join(record.taken_pieces)
        result = replace(
            whole,
            text=text,
            tokens=whole.tokens[:kept] + tokens,
            logprobs=whole.logprobs[:kept] + logprobs,
            longest_copy=self._writing.longest_copy(text),
        )
        if self._has_ended:
            return result
        usage = replace(whole.usage, completion_tokens=count)  # not those that were drawn ahead
        return replace(result, finish_reason="unfinished", usage=usage)

    def close(self) -> None:
        """End it, so that it changes no session any more."""
        self._is_closed = not self._has_ended

    def moment(self) -> StateSnapshot:
        """Return the moment behind the pieces that were taken."""
        return self._mark if self._has_ended else self._behind(self._writing.record.taken)

    def _end(self) -> StateSnapshot:
        """Return the moment behind the whole text."""
        writing = self._writing
        if writing.is_cut:
            return self._behind(writing.record.taken).ended(stopped=writing.is_at_stop)
        moment = self._at(writing.written)
        if writing.reason == "stop":
            return moment.ended()
        return replace(moment, open_tokens=writing.open_tokens)

    def _left_of_a_token(
        self, piece: TextChunk | None
    ) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """Return the tokens of what is only a part of one that was drawn, and their logprobs."""
        tokens = self._encode_part(piece)
        if not piece or not len(tokens):
            return (), ()
        moment = self._at(piece.tokens)
        inputs = np.concatenate([[moment.last], tokens[:-1]])
        logits, _ = self._decoder.score(inputs, moment.state or self._decoder.initial_state())
        return tuple(tokens.tolist()), tuple(chosen_logprobs(logits, tokens).tolist())

    def _behind(self, piece: TextChunk | None) -> StateSnapshot:
        """Return the moment behind a piece; what is a part of a token is read as a text."""
        moment = self._at(piece.tokens if piece else 0)
        tokens = self._encode_part(piece)
        return moment.read(self._decoder, tokens).ended() if len(tokens) else moment

    def _encode_part(self, piece: TextChunk | None) -> NDArray[np.int64]:
        """Return the tokens of a piece's end that is a part of a token.

        There are none where tokens are whole words: a part of a word is no text for them.
        """
        part = piece.beyond if piece else ""
        tokens = self._tokenizer.encode(part).astype(np.int64)
        return tokens if self._tokenizer.decode(tokens) == part else tokens[:0]

    def _at(self, count: int) -> StateSnapshot:
        """Return the moment behind so many tokens, drawn again from the mark on."""
        ahead = self._start.drawn + count - self._mark.drawn
        tokens = self._writing.record.last_tokens(self._writing.written - count + ahead)[:ahead]
        return self._mark.redraw(self._decoder, tokens)

    def _set_mark(self) -> None:
        """Take the moment for the mark, if nothing was drawn ahead of what was taken."""
        writing, taken = self._writing, self._writing.record.taken
        is_behind = taken and taken.tokens == writing.written and not len(writing.unread)
        if not taken or not is_behind or taken.beyond or writing.config.beams > 1:
            return
        count = self._start.drawn + writing.written - self._kept.drawn
        tokens = writing.record.last_tokens(count)
        state = writing.state or self._decoder.initial_state()
        self._mark = self._kept.go_on(tokens, state, writing.sampler.limit)
        if count >= max(LEAST_APART, SHARE_APART * self._mark.length):
            self._kept = self._mark
