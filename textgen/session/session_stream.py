"""A generation of a session as an iterator; the session stands after the text that was taken."""

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

# Snapshots are kept for `undo` after this many tokens, and after this share of a long text, so that
# an endless one takes little more than its tokens.
LEAST_APART = 64
SHARE_APART = 1 / 64


class SessionStream(TextStream):
    """A generation that begins at a snapshot, and has the snapshot after the text that was taken.

    Tokens are drawn ahead of the text; those whose text was not taken are drawn again later.

    Args:
        engine: the model.
        sequence: the sequence that is generated, begun at a snapshot of the session.

    Example:
        >>> from textgen import TextGenerator
        >>> session = TextGenerator.from_pretrained().session(seed=1)
        >>> session.feed("It was")
        >>> for chunk in session.stream(max_new_tokens=20):
        ...     break  # the session stands after the first chunk
        >>> session.text == "It was" + chunk
        True
    """

    def __init__(self, engine: Engine, sequence: TextSequence) -> None:
        super().__init__(engine, sequence)
        start = sequence.inputs.start
        self._start = self._kept = self._latest = start
        self._has_ended = False

    def __next__(self) -> str:
        """Return the next chunk of text; errors are those of `TextStream`.

        Raises:
            UsageError: the session has moved on without this stream.
        """
        if self._is_closed:
            raise UsageError(
                "the session has moved on, so this stream is over; call session.stream() again"
            )
        try:
            text = super().__next__()
        except StopIteration:
            if not self._has_ended:
                self._latest, self._has_ended = self._end(), True
            raise
        self._update_snapshot()
        return text

    def result(self) -> Generation:
        """Return what the session has gained: the text that was taken, and its tokens.

        `undo` with their number leads back to where the stream began. Where a stop string or a
        unit cut a token, the tokens of its first part stand in its place.
        """
        whole, output = self._sequence.result(), self._sequence.output
        if self._has_ended and not self._sequence.is_cut:
            return whole
        count = output.last_taken.token_count if output.last_taken else 0
        kept = max(len(whole.tokens) - (self._sequence.token_count - count), 0)
        tokens, logprobs = self._rest_of(output.last_taken)
        text = "".join(output.taken_texts)
        result = replace(
            whole,
            text=text,
            tokens=whole.tokens[:kept] + tokens,
            logprobs=whole.logprobs[:kept] + logprobs,
            longest_copy=self._sequence.inputs.longest_copy(text),
        )
        if self._has_ended:
            return result
        usage = replace(whole.usage, completion_tokens=count)  # without those drawn ahead
        return replace(result, finish_reason="unfinished", usage=usage)

    def close(self) -> None:
        """End it, so that it changes no session any more."""
        self._is_closed = not self._has_ended

    def snapshot(self) -> StateSnapshot:
        """Return the snapshot after the text that was taken."""
        return self._latest if self._has_ended else self._after(self._sequence.output.last_taken)

    def _end(self) -> StateSnapshot:
        """Return the snapshot after the whole text."""
        sequence = self._sequence
        if sequence.is_cut:
            last = self._after(sequence.output.last_taken)
            return last.ended(stopped=sequence.assembler.is_at_stop)
        snapshot = self._at(sequence.token_count)
        if sequence.finish_reason == "stop":
            return snapshot.ended()
        return replace(snapshot, open_tokens=sequence.assembler.open_tokens)

    def _rest_of(self, chunk: TextChunk | None) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """Return the tokens of the rest of a chunk, and their log-probabilities."""
        tokens = self._encode_rest(chunk)
        if not chunk or not len(tokens):
            return (), ()
        snapshot = self._at(chunk.token_count)
        inputs = np.concatenate([[snapshot.last], tokens[:-1]])
        logits, _ = self._engine.score(inputs, snapshot.state or self._engine.initial_state())
        return tuple(tokens.tolist()), tuple(chosen_logprobs(logits, tokens).tolist())

    def _after(self, chunk: TextChunk | None) -> StateSnapshot:
        """Return the snapshot after a chunk; its rest, a part of a token, is fed as text."""
        snapshot = self._at(chunk.token_count if chunk else 0)
        tokens = self._encode_rest(chunk)
        return snapshot.read(self._engine, tokens).ended() if len(tokens) else snapshot

    def _encode_rest(self, chunk: TextChunk | None) -> NDArray[np.int64]:
        """Return the tokens of the rest of a chunk.

        There are none where tokens are whole words, to which a part of a word is no text.
        """
        rest, tokenizer = chunk.rest if chunk else "", self._sequence.inputs.tokenizer
        tokens = tokenizer.encode(rest).astype(np.int64)
        return tokens if tokenizer.decode(tokens) == rest else tokens[:0]

    def _at(self, count: int) -> StateSnapshot:
        """Return the snapshot after a number of new tokens, drawn again from the latest one on."""
        ahead = self._start.drawn + count - self._latest.drawn
        output = self._sequence.output
        tokens = output.last_tokens(self._sequence.token_count - count + ahead)[:ahead]
        return self._latest.redraw(self._engine, tokens)

    def _update_snapshot(self) -> None:
        """Move the latest snapshot on, if no token was drawn ahead of the text that was taken."""
        sequence, taken = self._sequence, self._sequence.output.last_taken
        if not taken or taken.rest or sequence.config.beams > 1:
            return
        if taken.token_count != sequence.token_count or len(sequence.unread):
            return
        count = self._start.drawn + sequence.token_count - self._kept.drawn
        tokens = sequence.output.last_tokens(count)
        state = sequence.state or self._engine.initial_state()
        self._latest = self._kept.after_drawn(tokens, state, sequence.sampler.mirostat_mu)
        if count >= max(LEAST_APART, SHARE_APART * self._latest.length):
            self._kept = self._latest
