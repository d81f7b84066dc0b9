"""A point in a text: what the model has made of all before it, in a few kilobytes.

Moments never change, so many texts share those that they have in common.
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

# A text of at most so many tokens is read by the graph that writes, side by side with other texts.
# That spares a lone text another graph, and many texts a call for each. Drawn tokens are always
# fed to the graph that drew them, so that the state is the same to the last bit.
SHORT = 128
AT_ONCE = 32
NO_TOKENS = np.zeros(0, np.int32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class StateSnapshot:
    """A point in a text.

    Attributes:
        before: an earlier moment; None at the beginning of what is known.
        tokens: that lie between the two, of shape (tokens,).
        length: how many tokens the text has.
        last: the last of them, which the model has not been fed.
        state: what it has made of those before; None if it has been fed none.
        drawn: how many of all tokens were drawn. The next draw takes the random numbers with this
            number, so that a text that is left and gone on with is the one that is not.
        since: how many of them the generation has that may be gone on with here; 0 if none.
        limit: Mirostat's, if it was on.
        open_tokens: how many of the last drawn tokens read like a character that is not whole.
        stopped: whether a stop string ended a generation here. Then the next may begin with one, or
            it would end here for ever.
    """

    before: "StateSnapshot | None" = None
    tokens: NDArray[np.int32] = field(default_factory=lambda: NO_TOKENS)
    length: int = 0
    last: int = EOS_ID
    state: State | None = None
    drawn: int = 0
    since: int = 0
    limit: float | None = None
    open_tokens: int = 0
    stopped: bool = False

    @property
    def is_known(self) -> bool:
        """Whether its state is known; of a session from a file, it has to be made again."""
        return self.state is not None or self.length == 0

    @property
    def is_drawn(self) -> bool:
        """Whether its tokens were drawn, and not read."""
        return self.before is not None and self.drawn > self.before.drawn

    def back(self) -> Iterator["StateSnapshot"]:
        """Yield this moment and those before it, the latest first."""
        moment: StateSnapshot | None = self
        while moment is not None:
            yield moment
            moment = moment.before

    def known_tokens(self, most: int | None = None) -> NDArray[np.int32]:
        """Return the tokens of the text as far back as they are known, of shape (tokens,).

        Args:
            most: how many of the last are wanted; None for all.
        """
        parts, found = [NO_TOKENS], 0
        for moment in self.back():
            if most is not None and found >= most:
                break
            parts.append(moment.tokens)
            found += len(moment.tokens)
        tokens = np.concatenate(parts[::-1])
        return tokens if most is None else tokens[max(len(tokens) - most, 0) :]

    def read(self, decoder: Engine, tokens: NDArray[np.integer]) -> "StateSnapshot":
        """Return the moment after tokens of somebody else."""
        if not len(tokens):
            return self
        state = feed(decoder, self, tokens, exactly=len(tokens) <= SHORT)
        return self._after(tokens, state, since=0)

    def go_on(
        self, tokens: NDArray[np.integer], state: State, limit: float | None = None
    ) -> "StateSnapshot":
        """Return the moment after tokens that were drawn.

        Args:
            tokens: ids, of shape (tokens,).
            state: after all but the last of them.
            limit: Mirostat's now, if it is on.
        """
        if not len(tokens):
            return self
        drawn, since = self.drawn + len(tokens), self.since + len(tokens)
        return replace(self._after(tokens, state, since=since), drawn=drawn, limit=limit)

    def redraw(self, decoder: Engine, tokens: NDArray[np.integer]) -> "StateSnapshot":
        """Return the moment after tokens that were drawn, whose states are gone."""
        if not len(tokens):
            return self
        return self.go_on(tokens, feed(decoder, self, tokens, exactly=True), self.limit)

    def ended(self, *, stopped: bool = False) -> "StateSnapshot":
        """Return the moment with nothing that may be gone on with: the next generation is new."""
        return replace(self, since=0, limit=None, open_tokens=0, stopped=stopped)

    def closed(self, decoder: Engine) -> "StateSnapshot":
        """Return the moment before the tokens of a character that is not whole, if there are any.

        A session that was saved without its text cannot go back, and stays where it is.
        """
        try:
            return self.undo(decoder, self.open_tokens)
        except UsageError:
            return self

    def mixed(self, other: "StateSnapshot", weight: float, decoder: Engine) -> "StateSnapshot":
        """Return the moment with a state between its own and that of another text.

        Args:
            other: whose state is mixed in, after all of its tokens.
            weight: of that state, from 0 to 1.
            decoder: the model of both.
        """
        if not weight:
            return self
        zero = decoder.initial_state()
        _, others = decoder.step([other.last], other.state or zero)
        pairs = zip(self.state or zero, others, strict=True)
        state = tuple(own + np.float32(weight) * (new - own) for own, new in pairs)
        return replace(self, before=self, tokens=NO_TOKENS, state=state)

    def undo(self, decoder: Engine, count: int) -> "StateSnapshot":
        """Return the moment that was so many tokens ago.

        Raises:
            UsageError: nothing is known of it.
        """
        wanted, later = self.length - count, list[StateSnapshot]()
        for here in self.back():
            if here.length <= wanted and here.is_known:
                break
            later.append(here)
        else:
            raise UsageError(f"{count} tokens cannot be taken back: {self._reach()}")
        for moment in reversed(later):
            tokens = moment.tokens[: max(wanted - here.length, 0)]
            read = here.redraw if moment.is_drawn else here.read
            here = read(decoder, tokens)
        return here

    def _reach(self) -> str:
        """Say how far back the text is known."""
        known = [self.length - moment.length for moment in self.back() if moment.is_known]
        return f"the session can go back by {known[-1] if known else 0}"

    def _after(self, tokens: NDArray[np.integer], state: State, *, since: int) -> Self:
        """Return the moment after further tokens."""
        return replace(
            self,
            before=self,
            tokens=np.asarray(tokens, np.int32),
            length=self.length + len(tokens),
            last=int(tokens[-1]),
            state=state,
            since=since,
            limit=None,
            open_tokens=0,
            stopped=False,
        )


BEGINNING = StateSnapshot()


def feed(
    decoder: Engine, moment: StateSnapshot, tokens: NDArray[np.integer], *, exactly: bool
) -> State:
    """Return the state after all but the last of some further tokens.

    Args:
        decoder: the model.
        moment: what comes before.
        tokens: ids, of shape (tokens,); at least one.
        exactly: whether the graph that draws reads them, slower, to the bits that it makes.
    """
    state = moment.state or decoder.initial_state()
    inputs = np.concatenate([[moment.last], tokens[:-1]])
    if not exactly:
        return decoder.prefill(inputs, state)
    for start in range(0, len(inputs), AT_ONCE):
        known = np.asarray(tokens[start : start + AT_ONCE], np.int64)
        plan = SamplingPlan.of(known, decoder.config.vocab_size)
        state = decoder.decode([int(inputs[start])], state, [plan]).state
    return state
