"""How a text that a grammar describes can end within some tokens.

The grammar library does not tell a text's shortest completion, so it is searched for by trying
tokens. The library judges each: an ending that is found is right, though not always the shortest.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from heapq import heappop, heappush

import numpy as np

from textgen.runtime.place import Key, Place
from textgen.runtime.vocabulary import Tokens, Vocabulary

WIDTH = 256  # tokens tried at one place, the shortest: all bytes, where they are tokens
EFFORT = 8192  # steps tried in one search, at 3 to 10 µs each; most searches need some hundreds


class Closing:
    """Finds endings by limited discrepancy search (Harvey and Ginsberg 1995).

    From each place, a step is liked best that ends something, then one to where the search has
    seldom been. It goes on where it has departed least from what it likes, and of those where it
    is farthest: straight to an end in most grammars, and back from there where that is too far.
    """

    def __init__(
        self, vocabulary: Vocabulary, literals: Sequence[bytes], banned: Collection[int]
    ) -> None:
        """
        Args:
            vocabulary: the model's tokens.
            literals: what the grammar may ask for, tried as wholes.
            banned: tokens that are not used.
        """
        self.vocabulary = vocabulary
        self.usable = np.ones(vocabulary.size, bool)
        self.usable[list(banned)] = False
        steps = [*((end,) for end in vocabulary.ends), *map(vocabulary.spell, literals)]
        self.always = [step for step in steps if step and self.usable[list(step)].all()]

    def find(self, place: Place, most: float) -> Tokens | None:
        """Return tokens behind which a text may end; None if none were found.

        Args:
            place: where the text stands.
            most: the largest number of tokens.
        """
        return _Search(self, most).run(place)


class _Search:
    """One search; arguments as for `Closing.find`.

    Places that look alike are taken for the same where as many tokens lead to them, and tokens
    for the same that lead from such places to such places. Literals make up for what that misses.
    """

    def __init__(self, closing: Closing, most: float) -> None:
        self._closing = closing
        self._most = most
        self._tried = 0
        self._queue: list[tuple[int, int, int, Tokens, Place]] = []
        self._gone = set[tuple[int, Key]]()
        self._met = Counter[Key]()
        self._apart = dict[bytes, list[Tokens]]()  # by mask, steps to places of different keys

    def run(self, start: Place) -> Tokens | None:
        """Search until an end is found, or the effort is spent."""
        self._push(0, (), start)
        while self._queue and self._tried < EFFORT:
            departures, _, _, tokens, place = heappop(self._queue)
            if place.is_complete:
                return tokens
            if (len(tokens), place.key) not in self._gone:
                self._gone.add((len(tokens), place.key))
                self._go_on(departures, tokens, place)
        return None

    def _push(self, departures: int, tokens: Tokens, place: Place) -> None:
        """Put a place in line: an end first, then by departures, then by length."""
        if len(tokens) <= self._most:
            first = -1 if place.is_complete else departures
            heappush(self._queue, (first, -len(tokens), self._tried, tokens, place))

    def _go_on(self, departures: int, tokens: Tokens, place: Place) -> None:
        """Put the places one step on in line."""
        self._met[place.key] += 1
        better = set[Key]()
        for step, child in self._liked(place):
            self._tried += 1
            self._push(departures + len(better), tokens + step, child)
            better.add(child.key)

    def _liked(self, place: Place) -> list[tuple[Tokens, Place]]:
        """Return steps and the places that they lead to, what is liked best first."""
        words = self._closing.vocabulary

        def liking(found: tuple[Tokens, Place]) -> tuple[bool, bool, int]:
            step, child = found
            ends = len(step) == 1 and step[0] in words.ends
            return (
                step[0] in words.awkward,
                child.key == place.key,
                0 if ends else 1 + self._met[child.key],
            )

        steps = self._steps(place)
        found = [(step, child) for step in steps if (child := place.after(step))]
        first = {child.key: step for step, child in reversed(found)}
        self._apart.setdefault(place.mask, list(first.values()))
        return sorted(found, key=liking)

    def _steps(self, place: Place) -> list[Tokens]:
        """Return the steps that are tried from a place."""
        allowed = place.allowed(len(self._closing.usable)) & self._closing.usable
        steps = self._apart.get(place.mask)
        if steps is None:
            shortest = self._closing.vocabulary.shortest
            steps = [(token,) for token in shortest[allowed[shortest]][:WIDTH].tolist()]
        tried = dict.fromkeys([*self._closing.always, *steps])
        return [step for step in tried if allowed[step[0]]]
