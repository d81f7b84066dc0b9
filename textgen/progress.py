"""Progress of long work: one protocol for corpora, training and generation."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class ProgressReporter(Protocol):
    """An object that long work reports its progress to. Any class with this method is one.

    Work goes through stages, which may alternate: "reading" a corpus and "fetching" its next file,
    for example. A reporter shows, counts or logs them. It must not change what it is told about.

    Example:
        >>> from textgen import TextGenerator
        >>> class Counter:
        ...     characters = 0
        ...     def advance(self, stage: str, done: int, total: int | None = None) -> None:
        ...         if stage == "scoring":
        ...             self.characters += done
        >>> counter = Counter()
        >>> quality = TextGenerator.from_pretrained().evaluate(["A text."], progress=counter)
        >>> counter.characters
        7
    """

    def advance(self, stage: str, done: int, total: int | None = None) -> None:
        """Report that a stage has advanced.

        Args:
            stage: its name, such as "reading", "encoding" or "scoring".
            done: the work done since the last report of this stage, in the stage's own unit:
                bytes, characters, documents, tokens or steps.
            total: all work of the stage in this unit, at least roughly; None if it is unknown.
        """


class _Silent:
    """A reporter that shows nothing."""

    def advance(self, stage: str, done: int, total: int | None = None) -> None:
        """Ignore a report."""


SILENT: ProgressReporter = _Silent()
