"""A state snapshot: a point in a text, with the model's state there, in a few kilobytes.

Snapshots never change, so many texts share those that they have in common.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from textgen.config.tokens import EOS_ID
from textgen.errors import UsageError
from textgen.runtime.engine.engine import Engine
from textgen.runtime.engine.state import State
from textgen.sampling.plan import SamplingPlan

# A text of at most this many tokens is read by the graph that draws, side by side with other texts.
# That spares a single text another graph, and many texts a call for each. Drawn tokens are always
# fed to the graph that drew them, so that the state is the same to the last bit.
SHORT = 128
AT_ONCE = 32
NO_TOKENS = np.zeros(0, np.int32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class StateSnapshot:
    """A point in a text.

    Attributes:
        before: an earlier snapshot; None at the beginning of what is known.
        tokens: the tokens between the two, of shape (tokens,).
        length: number of tokens of the text.
        last: the last token, which the model has not been fed.
        state: the model's state before it; None if nothing was fed, or if it is unknown.
        drawn: number of all tokens that were drawn. The next draw takes the random numbers of this
            number, so a text that is left and continued is the one that is not left.
        generation_tokens: number of them that the generation has which may be continued here; 0 if
            none may.
        mirostat_mu: Mirostat's mu, if it was on.
        open_tokens: number of the last drawn tokens that end in an incomplete character.
        stopped: whether a stop string ended a generation here. Then the next may begin with one;
            otherwise it would end here for ever.
    """

    before: "StateSnapshot | None" = None
    tokens: NDArray[np.int32] = field(default_factory=lambda: NO_TOKENS)
    length: int = 0
    last: int = EOS_ID
    state: State | None = None
    drawn: int = 0
    generation_tokens: int = 0
    mirostat_mu: float | None = None
    open_tokens: int = 0
    stopped: bool = False

    @property
    def is_known(self) -> bool:
        """Whether its state is known; in a session from a file, it has to be computed again."""
        return self.state is not None or self.length == 0

    @property
    def is_drawn(self) -> bool:
        """Whether its tokens were drawn, and not fed."""
        return self.before is not None and self.drawn > self.before.drawn

    def back(self) -> Iterator["StateSnapshot"]:
        """Yield this snapshot and those before it, the latest first."""
        snapshot: StateSnapshot | None = self
        while snapshot is not None:
            yield snapshot
            snapshot = snapshot.before

    def known_tokens(self, limit: int | None = None) -> NDArray[np.int32]:
        """Return the tokens of the text as far back as they are known, of shape (tokens,).

        Args:
            limit: the largest number of tokens to return, from the end; None for all.
        """
        parts, count = [NO_TOKENS], 0
        for snapshot in self.back():
            if limit is not None and count >= limit:
                break
            parts.append(snapshot.tokens)
            count += len(snapshot.tokens)
        tokens = np.concatenate(parts[::-1])
        return tokens if limit is None else tokens[max(len(tokens) - limit, 0) :]

    def read(self, engine: Engine, tokens: NDArray[np.integer]) -> "StateSnapshot":
        """Return the snapshot after tokens that were not drawn."""
        if not len(tokens):
            return self
        state = feed(engine, self, tokens, exactly=len(tokens) <= SHORT)
        return self._after(tokens, state, generation_tokens=0)

    def after_drawn(
        self, tokens: NDArray[np.integer], state: State, mirostat_mu: float | None = None
    ) -> "StateSnapshot":
        """Return the snapshot after tokens that were drawn.

        Args:
            tokens: ids, of shape (tokens,).
            state: the model's state before the last of them.
            mirostat_mu: Mirostat's mu now, if it is on.
        """
        if not len(tokens):
            return self
        count = self.generation_tokens + len(tokens)
        later = self._after(tokens, state, generation_tokens=count)
        return replace(later, drawn=self.drawn + len(tokens), mirostat_mu=mirostat_mu)

    def redraw(self, engine: Engine, tokens: NDArray[np.integer]) -> "StateSnapshot":
        """Return the snapshot after tokens that were drawn, and whose states are gone."""
        if not len(tokens):
            return self
        return self.after_drawn(tokens, feed(engine, self, tokens, exactly=True), self.mirostat_mu)

    def ended(self, *, stopped: bool = False) -> "StateSnapshot":
        """Return the snapshot after which the next generation is a new one."""
        return replace(self, generation_tokens=0, mirostat_mu=None, open_tokens=0, stopped=stopped)

    def closed(self, engine: Engine) -> "StateSnapshot":
        """Return the snapshot before the tokens of an incomplete character, if there are any.

        A session that was saved without its text cannot go back, and stays where it is.
        """
        try:
            return self.undo(engine, self.open_tokens)
        except UsageError:
            return self

    def mixed(self, other: "StateSnapshot", weight: float, engine: Engine) -> "StateSnapshot":
        """Return the snapshot with a state between its own and that of another text.

        Args:
            other: the snapshot whose state, after all of its tokens, is mixed in.
            weight: of that state, from 0 to 1.
            engine: the model of both.
        """
        if not weight:
            return self
        zero = engine.initial_state()
        _, others = engine.step([other.last], other.state or zero)
        pairs = zip(self.state or zero, others, strict=True)
        state = tuple(own + np.float32(weight) * (new - own) for own, new in pairs)
        return replace(self, before=self, tokens=NO_TOKENS, state=state)

    def undo(self, engine: Engine, count: int) -> "StateSnapshot":
        """Return the snapshot a number of tokens ago.

        Raises:
            UsageError: nothing is known of it.
        """
        length, later = self.length - count, list[StateSnapshot]()
        for here in self.back():
            if here.length <= length and here.is_known:
                break
            later.append(here)
        else:
            raise UsageError(f"{count} tokens cannot be taken back: {self._reach()}")
        for snapshot in reversed(later):
            tokens = snapshot.tokens[: max(length - here.length, 0)]
            read = here.redraw if snapshot.is_drawn else here.read
            here = read(engine, tokens)
        return here

    def _reach(self) -> str:
        """Say how far back the text is known."""
        known = [self.length - snapshot.length for snapshot in self.back() if snapshot.is_known]
        return f"the session can go back by {known[-1] if known else 0}"

    def _after(self, tokens: NDArray[np.integer], state: State, *, generation_tokens: int) -> Self:
        """Return the snapshot after further tokens."""
        return replace(
            self,
            before=self,
            tokens=np.asarray(tokens, np.int32),
            length=self.length + len(tokens),
            last=int(tokens[-1]),
            state=state,
            generation_tokens=generation_tokens,
            mirostat_mu=None,
            open_tokens=0,
            stopped=False,
        )


BEGINNING = StateSnapshot()


def feed(
    engine: Engine, start: StateSnapshot, tokens: NDArray[np.integer], *, exactly: bool
) -> State:
    """Return the state before the last of some further tokens.

    Args:
        engine: the model.
        start: the snapshot before them.
        tokens: ids, of shape (tokens,); at least one.
        exactly: whether the graph that draws reads them: slower, with the bits of that graph.
    """
    state = start.state or engine.initial_state()
    inputs = np.concatenate([[start.last], tokens[:-1]])
    if not exactly:
        return engine.prefill(inputs, state)
    for begin in range(0, len(inputs), AT_ONCE):
        known = np.asarray(tokens[begin : begin + AT_ONCE], np.int64)
        plan = SamplingPlan.of(known, engine.config.vocab_size)
        state = engine.decode([int(inputs[begin])], state, [plan]).state
    return state
