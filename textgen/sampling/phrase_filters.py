"""Phrase filters: they find banned text while it is generated."""

from typing import Protocol

from textgen.config.generation import GenerationConfig
from textgen.errors import UsageError
from textgen.sampling.banned_phrases import BannedPhrases
from textgen.sampling.copy_limit import CopyLimit, TrainingText


class PhraseFilter(Protocol):
    """Finds the first violation in a text that comes in pieces."""

    @property
    def held(self) -> int:
        """Number of the last characters that may turn out to be part of a violation."""

    def push(self, text: str) -> int | None:
        """Take the next piece of text.

        Returns:
            the distance from the end of the text to the start of the first violation, at least 1;
            None if there is none. Nothing may be pushed after a violation.
        """

    def pass_over(self, text: str) -> None:
        """Take text before the new one, in which nothing is a violation."""


def phrase_filters_of(
    config: GenerationConfig, training_text: TrainingText | None = None
) -> list[PhraseFilter]:
    """Return the phrase filters of a generation.

    Args:
        config: settings.
        training_text: the index of the training text, if the model has one.

    Raises:
        UsageError: an index is needed, and the model has none.
    """
    filters = list[PhraseFilter]()
    if config.ban:
        filters.append(BannedPhrases(config.ban, any_case=config.ban_any_case))
    if config.max_copy:
        if training_text is None:
            raise UsageError(
                "max_copy needs an index of the training text, and this model has none; train it "
                "with copy_index ('textgen train --copy-index')"
            )
        filters.append(CopyLimit(training_text, config.max_copy))
    return filters


def characters_before(config: GenerationConfig) -> int:
    """Return the number of characters before a text that a violation in it may depend on."""
    return max([0, config.max_copy, *(len(phrase) - 1 for phrase in config.ban)])
