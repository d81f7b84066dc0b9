"""What those who wait are told while a corpus is read."""

from collections.abc import Callable

# Called with what a person should know while something takes long.
Tell = Callable[[str], None]


class Watch:
    """Is told how far the reading of a corpus is; this one shows nothing."""

    def advance(self, stage: str, done: int, total: int | None = None) -> None:
        """Take in the advance of a stage.

        Args:
            stage: its name.
            done: how much it has done since the last call.
            total: how much it has to do altogether, about, if that is known.
        """

    def tell(self, text: str) -> None:
        """Take in what a person should know while something takes long."""


UNWATCHED = Watch()
