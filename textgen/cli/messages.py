"""Log messages of the library on stderr."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


@cache
def console() -> "Console":
    """Return the console of stderr, which prints messages above the bar that it draws."""
    from rich.console import Console  # here, for it takes longer to import than a short text

    return Console(stderr=True)


class MessageHandler(logging.Handler):
    """Prints each log message as a line on stderr, above the progress bar if there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a message as it is."""
        text = self.format(record)
        console().print(text, markup=False, emoji=False, highlight=False, soft_wrap=True)


@contextmanager
def messages_shown(*, quiet: bool) -> Iterator[None]:
    """Show the library's messages during a block.

    Args:
        quiet: show none.
    """
    logger, handler = logging.getLogger("textgen"), MessageHandler()
    level = logger.level
    logger.setLevel(logging.CRITICAL if quiet else logging.INFO)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
