"""Banned phrases, found while a text is generated."""

from collections.abc import Sequence

from textgen.sampling.aho_corasick import AhoCorasick


class BannedPhrases:
    """Finds the first complete phrase (the longest, if several end together); a `PhraseFilter`.

    Args:
        phrases: the banned phrases; none is empty.
        any_case: whether upper and lower case are the same.
    """

    def __init__(self, phrases: Sequence[str], *, any_case: bool = False) -> None:
        self._any_case = any_case
        self._phrases = [self._folded(phrase) for phrase in phrases]
        self._automaton = AhoCorasick(self._phrases)
        self._state = 0

    @property
    def held(self) -> int:
        """Number of the last characters that begin a phrase."""
        return self._automaton.depth[self._state]

    def push(self, text: str) -> int | None:
        """Take the next piece of text; see `PhraseFilter`."""
        automaton, text = self._automaton, self._folded(text)
        if not self._state and not automaton.begins_in(text):
            return None
        for count, character in enumerate(text, start=1):
            self._state = automaton.after(self._state, character)
            if ending := automaton.ending[self._state]:
                return len(text) - count + ending
        return None

    def pass_over(self, text: str) -> None:
        """Take text that may hold phrases; see `PhraseFilter`."""
        for character in self._folded(text):
            self._state = self._automaton.after(self._state, character)

    def is_in(self, text: str) -> bool:
        """Tell whether some phrase is in a text."""
        folded = self._folded(text)
        return any(phrase in folded for phrase in self._phrases)

    def _folded(self, text: str) -> str:
        """Return the text in one case, of the same length; a letter that would grow stays."""
        if not self._any_case:
            return text
        return "".join(c if len(low := c.casefold()) > 1 else low for c in text)
