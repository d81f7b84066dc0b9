"""Searches for a short completion of a constrained text.

The grammar library does not give the shortest completion of a text, so we search for one by trying
tokens. The library judges each token, so a completion that is found is valid, though it may not be
the shortest.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from random import Random
from typing import NamedTuple

import numpy as np

from textgen.runtime.constraints.completion_tokens import CompletionTokens, Tokens
from textgen.runtime.constraints.matcher_state import Key, MatcherState

WIDTH = 256  # tokens tried in one state, the likeliest to close something first
EFFORT = 1 << 15  # most steps of one search, 5 to 10 µs each; most searches take some hundreds
SHORTEST = 64  # tokens of the shortest restarted walk
RANDOMNESS = 1 / 8  # growth of the share of random costs with each failed walk
# Factors of a path's cost: the last exit of the best walk, a path back to the same key, a path that
# opens something; and the largest random factor.
LAST_OUT, STAYING, AWKWARD, CHANCE = 1 / 16, 4.0, 64.0, 64.0


class Patience(NamedTuple):
    """The number of failed walks that ends a search: without any ending, and for a shorter one."""

    none: int
    shorter: int


class CompletionSearch:
    """Finds endings by rotor-router walks (Priezzhev, Dhar, Dhar and Krishnamurthy 1996).

    A walk leaves each state by the path that it took least often there, so no loop holds it for
    long and it reaches an end. The last exits from each state form a tree that leads to the end
    without detours (Holroyd et al. 2008), so the next walk prefers them. Later walks choose more
    and more at random, until they find nothing shorter.

    Later searches in the same text reuse the exits and paths.
    """

    def __init__(
        self, vocabulary: CompletionTokens, literals: Sequence[bytes], banned: Collection[int]
    ) -> None:
        """
        Args:
            vocabulary: the model's tokens.
            literals: texts in the constraint, each tried as one step.
            banned: ids that are not used.
        """
        self._vocabulary = vocabulary
        self._usable = np.ones(vocabulary.size, bool)
        self._usable[list(banned)] = False
        self._tokens = vocabulary.likely[self._usable[vocabulary.likely]]
        steps = dict.fromkeys(map(vocabulary.spell, literals))
        self._literals = [step for step in steps if step and self._can_use(step)]
        self._paths = dict[bytes, list[_Path]]()  # by mask
        self.exits = dict[Key, Tokens]()  # last step out of each state in the best walk
        self.tried = 0  # steps

    def find(self, state: MatcherState, most: int, patience: Patience) -> Tokens | None:
        """Return tokens that complete a text, or None if none were found.

        Args:
            state: state of the text.
            most: largest number of tokens.
            patience: number of failed walks that ends the search.
        """
        if state.is_complete:
            return ()
        random, until = Random(0), self.tried + EFFORT
        best, failed = None, 0
        while self.tried < until and failed < (patience.none if best is None else patience.shorter):
            longest = _longest(best, most, failed)
            walk = _Walk(self, random, min(1.0, failed * RANDOMNESS), until)
            if (found := walk.run(state, longest)) is None:
                failed += 1
                continue
            best, failed = found, 0
            self.exits |= walk.exits
        return best and self._shortened(state, best)

    def paths(self, state: MatcherState) -> "list[_Path]":
        """Return the paths from a state, one for each visible successor.

        States with the same mask are treated as the same.
        """
        if state.mask not in self._paths:
            self._paths[state.mask] = self._find_paths(state)
        return self._paths[state.mask]

    def is_awkward(self, step: Tokens) -> bool:
        """Tell whether a step opens something that must be closed."""
        return step[0] in self._vocabulary.awkward

    def _find_paths(self, state: MatcherState) -> "list[_Path]":
        """Try the steps from a state.

        Each literal is a path of its own. One that does not fit here may fit in another state.
        """
        allowed = state.allowed(len(self._usable))
        tokens = self._tokens[allowed[self._tokens]][:WIDTH].tolist()
        names = {step: step for step in self._literals if allowed[step[0]]}
        paths = dict[tuple[Key, Tokens | None], list[Tokens]]()
        for step in dict.fromkeys([*((token,) for token in tokens), *names]):
            self.tried += 1
            child = state.after(step) or state
            if not child.is_dead:
                paths.setdefault((child.key, names.get(step)), []).append(step)
        return [self._path(steps, key, stays=key == state.key) for (key, _), steps in paths.items()]

    def _path(self, steps: list[Tokens], key: Key, *, stays: bool) -> "_Path":
        """Make a path of steps, with awkward steps only if there are no others."""
        plain = [step for step in steps if not self.is_awkward(step)]
        cost = (STAYING if stays else 1.0) * (1.0 if plain else AWKWARD)
        return _Path(plain or steps, key, cost)

    def _can_use(self, tokens: Tokens) -> bool:
        """Tell whether no token is banned."""
        return bool(self._usable[list(tokens)].all())

    def _shortened(self, state: MatcherState, ending: Tokens) -> Tokens:
        """Return the same text in fewer, longer tokens if they fit."""
        longer = self._vocabulary.spell(self._vocabulary.written(ending))
        if len(longer) >= len(ending) or not self._can_use(longer):
            return ending
        end = state.after(longer)
        return longer if end and end.is_complete else ending


class _Path(NamedTuple):
    """Steps that lead from states with one mask to states with one key.

    Attributes:
        steps: alternatives, each a tuple of tokens, mostly of one.
        key: key of the states that the steps lead to.
        cost: a path with a higher cost is taken less often.
        first: index of the step that is taken most often.
    """

    steps: Sequence[Tokens]
    key: Key
    cost: float
    first: int = 0

    def step(self, number: int) -> Tokens:
        """Return the n-th step, from 1: the first every second time, the next every fourth, …."""
        index = self.first + (number & -number).bit_length() - 1
        return self.steps[index % len(self.steps)]

    def shaken(self, random: Random) -> "_Path":
        """Return the path with a random cost and a random first step."""
        cost = self.cost * CHANCE ** random.random()
        return self._replace(cost=cost, first=random.randrange(len(self.steps)))

    def favoured(self, step: Tokens | None) -> "_Path":
        """Return the path at a low cost with this step first, if it has the step."""
        if step not in self.steps:
            return self
        return self._replace(cost=self.cost * LAST_OUT, first=self.steps.index(step))


class _Walk:
    """One walk from a state to an end.

    Args:
        search: source of the paths.
        random: random numbers.
        randomness: share of the states whose paths get random costs.
        until: value of `search.tried` at which the walk gives up.

    Attributes:
        exits: last step out of each state.
    """

    def __init__(
        self, search: CompletionSearch, random: Random, randomness: float, until: int
    ) -> None:
        self._search = search
        self._random = random
        self._randomness = randomness
        self._until = until
        self.exits = dict[Key, Tokens]()
        self._plans = dict[Key, list[_Path]]()
        self._used = Counter[tuple[Key, Tokens]]()
        self._met = Counter[Key]()

    def run(self, start: MatcherState, most: int) -> Tokens | None:
        """Return the tokens of a walk to an end, or None if it is too long or has no way on.

        Args:
            start: state of the text.
            most: largest number of tokens.
        """
        state, tokens = start.copy(), list[int]()
        while not state.is_complete:
            step, after = self._step(state)
            tokens += step
            if after is None or len(tokens) > most or self._search.tried > self._until:
                return None
            if not self._search.is_awkward(step):
                self.exits[state.key] = step
            self._met[after.key] += 1
            state = after
        return tuple(tokens)

    def _step(self, state: MatcherState) -> tuple[Tokens, MatcherState | None]:
        """Return the next step and the state after it, or None; consumes the state."""
        paths = self._plan(state)
        self._search.tried += 1
        for path in (
            sorted(paths, key=lambda path: self._price(state, path)) if paths[1:] else paths
        ):
            self._used[state.key, path.steps[0]] += 1
            step = path.step(self._used[state.key, path.steps[0]])
            after = state.push(step)
            if after is not None:
                return step, after
        return (), None

    def _price(self, state: MatcherState, path: _Path) -> tuple[float, int]:
        """Return the present cost of a path, which grows each time it is taken."""
        return (self._used[state.key, path.steps[0]] + 1) * path.cost, self._met[path.key]

    def _plan(self, state: MatcherState) -> list[_Path]:
        """Return the paths from a state with their costs in this walk."""
        if state.key not in self._plans:
            paths, last = self._search.paths(state), self._search.exits.get(state.key)
            self._search.tried += len(paths)
            self._plans[state.key] = (
                [path.shaken(self._random) for path in paths]
                if self._random.random() < self._randomness
                else [path.favoured(last) for path in paths]
            )
        return self._plans[state.key]


def _longest(best: Tokens | None, most: int, failed: int) -> int:
    """Return the largest number of tokens of the next walk.

    After a failed first walk most walks are short (Luby, Sinclair and Zuckerman 1993).
    """
    if best is not None:
        return len(best) - 1
    return min(most, SHORTEST * (failed & -failed)) if failed else most
