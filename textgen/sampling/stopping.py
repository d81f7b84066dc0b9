"""Where a text ends: before a stop string, or with a unit. It is held back while undecided."""

from collections import deque
from collections.abc import Sequence

from textgen.sampling.units import UNIT_CLASSES


class StopFilter:
    """Passes text on up to its end, the same however the text is cut into pieces.

    Args:
        stops: the text ends before the one that is complete first (the longest, if several end
            together).
        unit: one of `config.generation.UNITS`; the text ends with the first whole one, if no stop
            string comes before its end. A document never ends here.

    Attributes:
        stopped: whether the end has come. Nothing passes after it.
    """

    def __init__(self, stops: Sequence[str], unit: str = "document") -> None:
        self._strings = StopStrings(stops)
        self._unit = UNIT_CLASSES[unit]()
        self._is_open = not stops and unit == "document"  # nothing can stop, so nothing is done
        self.stopped = False

    @property
    def is_deciding(self) -> bool:
        """Whether what comes next decides about what has come."""
        return self._strings.is_deciding or self._unit.is_deciding

    def push(self, text: str, may_stop: bool = True) -> str:
        """Take the next piece of text.

        Args:
            text: any length.
            may_stop: false for pieces at the beginning in which nothing can stop; of them only
                the unit remembers whether they were white.

        Returns:
            what is certain and has not been returned before.
        """
        if self._is_open:
            return text
        if self.stopped:
            return ""
        if not may_stop:
            self._unit.pass_over(text)
            return text
        text = self._unit.push(self._strings.push(text))
        if self._strings.stopped:
            text += self._unit.finish()
        self.stopped = self._strings.stopped or self._unit.stopped
        return text

    def finish(self) -> str:
        """Return what was held back and is part of a text that ends here."""
        if self.stopped:
            return ""
        text = self._unit.push(self._strings.finish()) + self._unit.finish()
        self.stopped = self._unit.stopped
        return text


class StopStrings:
    """Passes text on up to the first stop string, which the automaton of Aho and Corasick finds.

    Source: Aho and Corasick, "Efficient string matching", Communications of the ACM 18 (1975). A
    state is the longest end of the text that begins some stop string, so it is also what is
    held back, and a character costs the same however long that is.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self.stopped = False
        self._next: list[dict[str, int]] = [{}]  # the goto function: state and character to state
        self._stop = [""]  # a stop string that begins with what each state holds
        self._depth = [0]  # characters that each state holds
        self._ending = [0]  # length of the longest stop string that is complete in each state
        for stop in stops:
            self._add(stop)
        self._failure = [0] * len(self._next)  # where to look on if no character leads further
        self._connect()
        self._state = 0

    @property
    def is_deciding(self) -> bool:
        """Whether a stop string may have begun."""
        return self._state > 0

    def push(self, text: str) -> str:
        """Return what is certain of the text so far and has not been returned before."""
        if not self._state and self._next[0].keys().isdisjoint(text):
            return text
        before = self._state
        for count, character in enumerate(text, start=1):
            self._state = self._after(self._state, character)
            if ending := self._ending[self._state]:
                self.stopped = True
                self._state = 0
                return self._beginning(before, text, self._depth[before] + count - ending)
        held = self._depth[self._state]
        return self._beginning(before, text, self._depth[before] + len(text) - held)

    def finish(self) -> str:
        """Return what was held back."""
        before, self._state = self._state, 0
        return self._beginning(before, "", self._depth[before])

    def _beginning(self, state: int, text: str, length: int) -> str:
        """Return the first characters of what a state holds and the text behind it."""
        held = min(self._depth[state], length)
        return self._stop[state][:held] + text[: length - held]

    def _after(self, state: int, character: str) -> int:
        """Return the state that a character leads to."""
        while state and character not in self._next[state]:
            state = self._failure[state]
        return self._next[state].get(character, 0)

    def _add(self, stop: str) -> None:
        """Add the states of a stop string, where they are missing."""
        state = 0
        for depth, character in enumerate(stop, start=1):
            if character not in self._next[state]:
                self._next[state][character] = len(self._next)
                self._next.append({})
                self._stop.append(stop)
                self._depth.append(depth)
                self._ending.append(0)
            state = self._next[state][character]
        self._ending[state] = len(stop)

    def _connect(self) -> None:
        """Find the failure function, shorter states first."""
        queue = deque(self._next[0].values())
        while queue:
            state = queue.popleft()
            self._ending[state] = self._ending[state] or self._ending[self._failure[state]]
            for character, after in self._next[state].items():
                self._failure[after] = self._after(self._failure[state], character)
                queue.append(after)
