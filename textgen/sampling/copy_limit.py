"""Copies of the training text, found while a text is generated."""

from typing import Protocol

# A word in which a copy may become too long is held back up to this number of characters.
LONGEST_WORD = 24


class TrainingText(Protocol):
    """An index of a training text."""

    def holds(self, stretch: str) -> bool:
        """Tell whether a stretch of text is in it."""

    def longest_end(self, text: str) -> int:
        """Return how many of a text's last characters are in it, in a row."""


class CopyLimit:
    """Finds a copy that is longer than allowed; a `PhraseFilter`.

    The violation begins at the start of a word. That word is held back where a copy is more than
    half as long as allowed.

    Args:
        training_text: its index.
        limit: the largest number of characters that may be copied in a row; at least 1.
    """

    def __init__(self, training_text: TrainingText, limit: int) -> None:
        self._training_text = training_text
        self._limit = limit
        self._copied = ""  # the longest end of the text that is in the training text
        self._word = 0  # length of the word that is not at its end

    @property
    def held(self) -> int:
        """Number of the last characters that may be taken back."""
        return (
            self._word if self._word <= LONGEST_WORD and 2 * len(self._copied) > self._limit else 0
        )

    def push(self, text: str) -> int | None:
        """Take the next piece of text; see `PhraseFilter`."""
        for count, character in enumerate(text, start=1):
            self._take(character)
            if len(self._copied) > self._limit:
                return len(text) - count + max(self._word, 1)
        return None

    def pass_over(self, text: str) -> None:
        """Take text that may be copied; see `PhraseFilter`."""
        for character in text:
            self._take(character)
            self._copied = self._copied[-self._limit :]

    def _take(self, character: str) -> None:
        """Take a character."""
        longer = self._copied + character
        if not self._training_text.holds(longer):
            longer = longer[len(longer) - self._training_text.longest_end(longer) :]
        self._copied = longer
        self._word = 0 if character.isspace() else self._word + 1
