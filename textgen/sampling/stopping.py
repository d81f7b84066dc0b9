"""Finds the end of a text: before a stop string, or after a unit such as a sentence."""

from collections.abc import Sequence

from textgen.sampling.aho_corasick import AhoCorasick
from textgen.sampling.text_units import UNIT_CLASSES


class StopFilter:
    """Passes text on up to its end, however the text is cut into pieces; holds back undecided text.

    Args:
        stops: stop strings; the text ends before the one that is complete first (the longest, if
            several end together).
        unit: one of `config.generation.UNITS`; the text ends with the first complete one, unless a
            stop string comes before. A document never ends here.
        may_begin_with_stop: whether a stop string at the very beginning is passed over, because
            the text before ended there.

    Attributes:
        stopped: whether the end has come. Nothing passes after it.
    """

    def __init__(
        self, stops: Sequence[str], unit: str = "document", *, may_begin_with_stop: bool = False
    ) -> None:
        self._strings = StopStrings(stops, may_begin=may_begin_with_stop)
        self._unit = UNIT_CLASSES[unit]()
        self._is_open = not stops and unit == "document"  # nothing can stop, so nothing is done
        self.stopped = False

    @property
    def is_at_string(self) -> bool:
        """Whether a stop string has ended the text, and not a unit."""
        return self._strings.stopped

    @property
    def is_deciding(self) -> bool:
        """Whether text is held back that the next text decides about."""
        return self._strings.is_deciding or self._unit.is_deciding

    def push(self, text: str, may_stop: bool = True) -> str:
        """Take the next piece of text.

        Args:
            text: any length.
            may_stop: whether the text may end in it. Of text in which it may not, the unit
                remembers only whether it is white space.

        Returns:
            the text that is final and has not been returned before.
        """
        if self._is_open:
            return text
        if self.stopped:
            return ""
        if not may_stop:
            self._strings.pass_over(text)
            self._unit.pass_over(text)
            return text
        text = self._unit.push(self._strings.push(text))
        if self._strings.stopped:
            text += self._unit.finish()
        self.stopped = self._strings.stopped or self._unit.stopped
        return text

    def finish(self) -> str:
        """Return the held text that is part of a text that ends here."""
        if self.stopped:
            return ""
        text = self._unit.push(self._strings.finish()) + self._unit.finish()
        self.stopped = self._unit.stopped
        return text


class StopStrings:
    """Passes text on up to the first stop string; holds back what may be the beginning of one.

    Args:
        stops: the strings.
        may_begin: whether a stop string at the very beginning is passed over.
    """

    def __init__(self, stops: Sequence[str], *, may_begin: bool = False) -> None:
        self.stopped = False
        self._may_begin = may_begin
        self._automaton = AhoCorasick(stops)
        self._state = 0
        self._length = 0  # of the text so far

    @property
    def is_deciding(self) -> bool:
        """Whether a stop string may have begun."""
        return self._state > 0

    def push(self, text: str) -> str:
        """Return the text that is final and has not been returned before."""
        automaton, before, start = self._automaton, self._state, self._length
        self._length += len(text)
        if not before and not automaton.begins_in(text):
            return text
        length = automaton.depth[before]
        for count, character in enumerate(text, start=start + 1):
            self._state = automaton.after(self._state, character)
            length += 1
            ending = automaton.ending[self._state]
            if ending and not (self._may_begin and ending == count):
                self.stopped = True
                self._state = 0
                return automaton.beginning(before, text, length - ending)
        return automaton.beginning(before, text, length - automaton.depth[self._state])

    def pass_over(self, text: str) -> None:
        """Take text in which no stop string counts."""
        self._length += len(text)

    def finish(self) -> str:
        """Return the held text."""
        before, self._state = self._state, 0
        return self._automaton.beginning(before, "", self._automaton.depth[before])
