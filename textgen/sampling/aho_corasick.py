"""The automaton of Aho and Corasick, which finds any of several texts in one that comes in."""

from collections import deque
from collections.abc import Iterable


class AhoCorasick:
    """What an end of a text begins: a state is the longest one that begins some wanted text.

    A character costs the same however many texts are wanted and however long they are.

    Source: Aho and Corasick, "Efficient string matching", Communications of the ACM 18 (1975).

    Args:
        wanted: the texts; none is empty.

    Attributes:
        depth: how many characters each state holds; state 0 holds none.
        ending: the length of the longest wanted text that is complete in each state, or 0.
    """

    def __init__(self, wanted: Iterable[str]) -> None:
        self.depth = [0]
        self.ending = [0]
        self._wanted = [""]  # a text that begins with what each state holds
        self._next: list[dict[str, int]] = [{}]  # the goto function: state and character to state
        for text in wanted:
            self._add(text)
        self._failure = [0] * len(self._next)  # where to look on if no character leads further
        self._connect()

    def begins_in(self, text: str) -> bool:
        """Tell whether some wanted text may begin in a text."""
        return not self._next[0].keys().isdisjoint(text)

    def beginning(self, state: int, text: str, length: int) -> str:
        """Return the first characters of what a state holds and a text behind it."""
        held = min(self.depth[state], length)
        return self._wanted[state][:held] + text[: length - held]

    def after(self, state: int, character: str) -> int:
        """Return the state that a character leads to."""
        while state and character not in self._next[state]:
            state = self._failure[state]
        return self._next[state].get(character, 0)

    def _add(self, text: str) -> None:
        """Add the states of a wanted text, where they are missing."""
        state = 0
        for depth, character in enumerate(text, start=1):
            if character not in self._next[state]:
                self._next[state][character] = len(self._next)
                self._next.append({})
                self._wanted.append(text)
                self.depth.append(depth)
                self.ending.append(0)
            state = self._next[state][character]
        self.ending[state] = len(text)

    def _connect(self) -> None:
        """Find the failure function, shorter states first."""
        queue = deque(self._next[0].values())
        while queue:
            state = queue.popleft()
            self.ending[state] = self.ending[state] or self.ending[self._failure[state]]
            for character, after in self._next[state].items():
                self._failure[after] = self.after(self._failure[state], character)
                queue.append(after)
