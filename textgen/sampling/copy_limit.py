"""Stretches of the training text that a text must not hold, found while it is written."""

from typing import Protocol

# The word is held back in which a copy might become too long, if it has at most so many characters.
LONGEST_WORD = 24


class TrainingText(Protocol):
    """What a text may be copied from."""

    def holds(self, stretch: str) -> bool:
        """Tell whether a stretch of text is in it."""

    def longest_end(self, text: str) -> int:
        """Return how many of a text's last characters are in it, in a row."""


class CopyLimit:
    """Finds where a text would copy more characters in a row than it may; see `guards.Guard`.

    The text goes another way from the beginning of the word on, which is held back where a copy is
    more than half as long as it may be.

    Args:
        known: the training text.
        most: how many characters may be copied in a row; at least 1.
    """

    def __init__(self, known: TrainingText, most: int) -> None:
        self._known = known
        self._most = most
        self._copied = ""  # the longest end of the text that is known
        self._word = 0  # how many characters the word has that is not at its end

    @property
    def held(self) -> int:
        """How many of the last characters may be taken back."""
        return (
            self._word if self._word <= LONGEST_WORD and 2 * len(self._copied) > self._most else 0
        )

    def push(self, text: str) -> int | None:
        """Take the next piece of text; see `guards.Guard`."""
        for count, character in enumerate(text, start=1):
            self._take(character)
            if len(self._copied) > self._most:
                return len(text) - count + max(self._word, 1)
        return None

    def pass_over(self, text: str) -> None:
        """Take text that may be copied; see `guards.Guard`."""
        for character in text:
            self._take(character)
            self._copied = self._copied[-self._most :]

    def _take(self, character: str) -> None:
        """Take a character."""
        longer = self._copied + character
        if not self._known.holds(longer):
            longer = longer[len(longer) - self._known.longest_end(longer) :]
        self._copied = longer
        self._word = 0 if character.isspace() else self._word + 1
