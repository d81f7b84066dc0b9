"""What watches a text for what must not be in it, while it is written."""

from typing import Protocol

from textgen.config.generation import GenerationConfig
from textgen.errors import UsageError
from textgen.sampling.banned_phrases import BannedPhrases
from textgen.sampling.copy_limit import CopyLimit, TrainingText


class PhraseFilter(Protocol):
    """Watches a text for what must not be in it."""

    @property
    def held(self) -> int:
        """How many of the last characters may turn out to be part of what must not be."""

    def push(self, text: str) -> int | None:
        """Take the next piece of text.

        Returns:
            how many characters before its end the first begins that must not be there, at least 1;
            None if nothing is wrong. Nothing may be pushed behind what is.
        """

    def pass_over(self, text: str) -> None:
        """Take text that stands before what is judged, and may hold anything."""


def phrase_filters_of(
    config: GenerationConfig, known: TrainingText | None = None
) -> list[PhraseFilter]:
    """Return what watches a generation; nothing if anything may be written.

    Args:
        config: what must not be written.
        known: the training text, if the model has an index of it.

    Raises:
        UsageError: it is needed, and not there.
    """
    guards = list[PhraseFilter]()
    if config.ban:
        guards.append(BannedPhrases(config.ban, any_case=config.ban_any_case))
    if config.max_copy:
        if known is None:
            raise UsageError(
                "max_copy needs an index of the training text, which this model has not; train it "
                "with copy_index ('textgen train --copy-index')"
            )
        guards.append(CopyLimit(known, config.max_copy))
    return guards


def characters_before(config: GenerationConfig) -> int:
    """Return how many characters before a text decide whether something must not be in it."""
    return max([0, config.max_copy, *(len(phrase) - 1 for phrase in config.ban)])
