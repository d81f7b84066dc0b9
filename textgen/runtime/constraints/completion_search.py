"""How a text that a grammar describes can end within some tokens.

The grammar library does not tell a text's shortest completion, so it is searched for by trying
tokens. The library judges each: an ending that is found is right, though not always the shortest.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from random import Random
from typing import NamedTuple

import numpy as np

from textgen.runtime.constraints.completion_tokens import CompletionTokens, Tokens
from textgen.runtime.constraints.matcher_state import Key, MatcherState

WIDTH = 256  # tokens tried at one place, the likeliest to end: all bytes, where they are tokens
EFFORT = 1 << 15  # steps tried in one search, at 5 to 10 µs each; most searches need some hundreds
SHORTEST = 64  # tokens of a walk that chance restarts
BOLDNESS = 1 / 8  # by how much each walk in vain leaves more to chance
# What a way costs: the last one out of a place, one to a place that looks the same, one that begins
# what must be ended again; and by what chance multiplies it at most.
LAST_OUT, STAYING, AWKWARD, CHANCE = 1 / 16, 4.0, 64.0, 64.0


class Patience(NamedTuple):
    """How many walks in vain end a search: where no ending is known, and for a shorter one."""

    none: int
    shorter: int


class CompletionSearch:
    """Finds endings by rotor-router walks (Priezzhev, Dhar, Dhar and Krishnamurthy 1996).

    A walk leaves a place by the way that it has taken least often there, so no loop holds it for
    long: it comes to an end, if by detours. The last ways out of each place make none (they are a
    tree that leads to the end, Holroyd et al. 2008), so the next walk prefers them. Those after it
    leave more and more to chance, until they find nothing shorter.

    What is learned serves the later searches in the same text.
    """

    def __init__(
        self, vocabulary: CompletionTokens, literals: Sequence[bytes], banned: Collection[int]
    ) -> None:
        """
        Args:
            vocabulary: the model's tokens.
            literals: what the grammar may ask for, tried as wholes.
            banned: tokens that are not used.
        """
        self._vocabulary = vocabulary
        self._usable = np.ones(vocabulary.size, bool)
        self._usable[list(banned)] = False
        self._tokens = vocabulary.likely[self._usable[vocabulary.likely]]
        steps = dict.fromkeys(map(vocabulary.spell, literals))
        self._literals = [step for step in steps if step and self._can_use(step)]
        self._ways = dict[bytes, list[_Path]]()  # by mask
        self.exits = dict[Key, Tokens]()  # the last step out of a place, of the best walk there
        self.tried = 0  # steps

    def find(self, place: MatcherState, most: int, patience: Patience) -> Tokens | None:
        """Return tokens behind which a text may end; None if none were found.

        Args:
            place: where the text stands.
            most: the largest number of tokens.
            patience: when it is given up.
        """
        if place.is_complete:
            return ()
        random, until = Random(0), self.tried + EFFORT
        best, vain = None, 0
        while self.tried < until and vain < (patience.none if best is None else patience.shorter):
            longest = _longest(best, most, vain)
            walk = _Walk(self, random, min(1.0, vain * BOLDNESS), until)
            if (found := walk.run(place, longest)) is None:
                vain += 1
                continue
            best, vain = found, 0
            self.exits |= walk.exits
        return best and self._shortened(place, best)

    def ways(self, place: MatcherState) -> "list[_Path]":
        """Return the ways from a place: each leads elsewhere, as far as can be seen.

        Places with the same tokens before them are taken for the same.
        """
        if place.mask not in self._ways:
            self._ways[place.mask] = self._find_ways(place)
        return self._ways[place.mask]

    def is_awkward(self, step: Tokens) -> bool:
        """Tell whether a step begins what must be ended again."""
        return step[0] in self._vocabulary.awkward

    def _find_ways(self, place: MatcherState) -> "list[_Path]":
        """Try the steps from a place.

        A literal is a way of its own, and one that does not fit here may do so at another place.
        """
        allowed = place.allowed(len(self._usable))
        tokens = self._tokens[allowed[self._tokens]][:WIDTH].tolist()
        names = {step: step for step in self._literals if allowed[step[0]]}
        ways = dict[tuple[Key, Tokens | None], list[Tokens]]()
        for step in dict.fromkeys([*((token,) for token in tokens), *names]):
            self.tried += 1
            child = place.after(step) or place
            if not child.is_dead:
                ways.setdefault((child.key, names.get(step)), []).append(step)
        return [self._way(steps, key, stays=key == place.key) for (key, _), steps in ways.items()]

    def _way(self, steps: list[Tokens], key: Key, *, stays: bool) -> "_Path":
        """Make a way of steps; of awkward ones only where there are no others."""
        plain = [step for step in steps if not self.is_awkward(step)]
        cost = (STAYING if stays else 1.0) * (1.0 if plain else AWKWARD)
        return _Path(plain or steps, key, cost)

    def _can_use(self, tokens: Tokens) -> bool:
        """Tell whether none of some tokens is banned."""
        return bool(self._usable[list(tokens)].all())

    def _shortened(self, place: MatcherState, ending: Tokens) -> Tokens:
        """Return an ending in longer tokens, if they can write it."""
        longer = self._vocabulary.spell(self._vocabulary.written(ending))
        if len(longer) >= len(ending) or not self._can_use(longer):
            return ending
        end = place.after(longer)
        return longer if end and end.is_complete else ending


class _Path(NamedTuple):
    """Steps from places that look alike to places that look alike.

    Attributes:
        steps: tokens that are written at once; mostly one.
        key: of the places that they lead to.
        cost: the way is taken the less often, the more it costs.
        first: the number of the step that is taken most.
    """

    steps: Sequence[Tokens]
    key: Key
    cost: float
    first: int = 0

    def step(self, number: int) -> Tokens:
        """Return the n-th step, counted from 1: the first every other time, and so on."""
        place = self.first + (number & -number).bit_length() - 1
        return self.steps[place % len(self.steps)]

    def shaken(self, random: Random) -> "_Path":
        """Return the way at another cost, with another first step."""
        cost = self.cost * CHANCE ** random.random()
        return self._replace(cost=cost, first=random.randrange(len(self.steps)))

    def favoured(self, step: Tokens | None) -> "_Path":
        """Return the way, and if it holds a step, with that one first at a low cost."""
        if step not in self.steps:
            return self
        return self._replace(cost=self.cost * LAST_OUT, first=self.steps.index(step))


class _Walk:
    """One walk from a place, in search of an end.

    Args:
        closing: knows the ways.
        random: what chance decides by.
        boldness: the share of the places where chance decides what a way costs.
        until: the number of steps tried with which the effort is spent.

    Attributes:
        exits: the last step out of each place.
    """

    def __init__(
        self, closing: CompletionSearch, random: Random, boldness: float, until: int
    ) -> None:
        self._closing = closing
        self._random = random
        self._boldness = boldness
        self._until = until
        self.exits = dict[Key, Tokens]()
        self._plans = dict[Key, list[_Path]]()
        self._used = Counter[tuple[Key, Tokens]]()
        self._met = Counter[Key]()

    def run(self, start: MatcherState, most: int) -> Tokens | None:
        """Walk until the text may end; None where that takes too many tokens, or no way leads on.

        Args:
            start: where to.
            most: the largest number of tokens.
        """
        place, tokens = start.copy(), list[int]()
        while not place.is_complete:
            step, after = self._step(place)
            tokens += step
            if after is None or len(tokens) > most or self._closing.tried > self._until:
                return None
            if not self._closing.is_awkward(step):
                self.exits[place.key] = step
            self._met[after.key] += 1
            place = after
        return tuple(tokens)

    def _step(self, place: MatcherState) -> tuple[Tokens, MatcherState | None]:
        """Return the next step and the place behind it, if there is one; the place is used up."""
        ways = self._plan(place)
        self._closing.tried += 1
        for way in sorted(ways, key=lambda way: self._price(place, way)) if ways[1:] else ways:
            self._used[place.key, way.steps[0]] += 1
            step = way.step(self._used[place.key, way.steps[0]])
            after = place.push(step)
            if after is not None:
                return step, after
        return (), None

    def _price(self, place: MatcherState, way: _Path) -> tuple[float, int]:
        """Return what a way costs now: the more, the oftener it was taken."""
        return (self._used[place.key, way.steps[0]] + 1) * way.cost, self._met[way.key]

    def _plan(self, place: MatcherState) -> list[_Path]:
        """Return the ways from a place at what they cost on this walk."""
        if place.key not in self._plans:
            ways, last = self._closing.ways(place), self._closing.exits.get(place.key)
            self._closing.tried += len(ways)
            self._plans[place.key] = (
                [way.shaken(self._random) for way in ways]
                if self._random.random() < self._boldness
                else [way.favoured(last) for way in ways]
            )
        return self._plans[place.key]


def _longest(best: Tokens | None, most: int, vain: int) -> int:
    """Return how many tokens the next walk may take.

    Where the first was in vain, most of the others are short (Luby, Sinclair, Zuckerman 1993).
    """
    if best is not None:
        return len(best) - 1
    return min(most, SHORTEST * (vain & -vain)) if vain else most
