"""Phrases that must not be in a text, found while it is written."""

from collections.abc import Sequence

from textgen.sampling.aho_corasick import AhoCorasick


class BannedPhrases:
    """Finds the first of several phrases that is whole (the longest, if several end together).

    Args:
        phrases: none is empty.
        any_case: whether letters are alike in either case.
    """

    def __init__(self, phrases: Sequence[str], *, any_case: bool = False) -> None:
        self._any_case = any_case
        self._phrases = [self._folded(phrase) for phrase in phrases]
        self._automaton = AhoCorasick(self._phrases)
        self._state = 0

    @property
    def held(self) -> int:
        """How many of the last characters begin a phrase."""
        return self._automaton.depth[self._state]

    def push(self, text: str) -> int | None:
        """Take the next piece of text; see `guards.Guard`."""
        automaton, text = self._automaton, self._folded(text)
        if not self._state and not automaton.begins_in(text):
            return None
        for count, character in enumerate(text, start=1):
            self._state = automaton.after(self._state, character)
            if ending := automaton.ending[self._state]:
                return len(text) - count + ending
        return None

    def pass_over(self, text: str) -> None:
        """Take text that may hold phrases; see `guards.Guard`."""
        for character in self._folded(text):
            self._state = self._automaton.after(self._state, character)

    def is_in(self, text: str) -> bool:
        """Tell whether some phrase is in a text."""
        folded = self._folded(text)
        return any(phrase in folded for phrase in self._phrases)

    def _folded(self, text: str) -> str:
        """Return a text as long, in one case; of the few letters that would grow, their own."""
        if not self._any_case:
            return text
        return "".join(c if len(low := c.casefold()) > 1 else low for c in text)
