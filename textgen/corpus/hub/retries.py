"""The library's own retries, told to those who wait for them."""

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from textgen.corpus.progress import Tell

_LOGGERS = ("huggingface_hub.utils._http", "huggingface_hub.file_download")
_ANSWER = re.compile(r"HTTP Error (\d+)")
_WAIT = re.compile(r"(?:Waiting|Retrying in) (\d+).*\[Retry (\d+)/(\d+)\]")


@contextmanager
def retries_told(tell: Tell) -> Iterator[None]:
    """Tell of each retry of a request or download, in the place of the library's own log."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    teller = _Teller(tell)
    for logger in loggers:
        logger.addFilter(teller)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(teller)


class _Teller(logging.Filter):
    """Makes plain sentences of the library's warnings: first comes what happened, then the wait.

    A filter of one thread's warnings; those of other threads pass, since they have their own.
    """

    def __init__(self, tell: Tell) -> None:
        super().__init__()
        self._tell = tell
        self._reason = ""
        self._thread = threading.get_ident()

    def filter(self, record: logging.LogRecord) -> bool:
        """Take a warning in, and keep it from the log."""
        if record.thread != self._thread:
            return True
        self._take(record.getMessage())
        return False

    def _take(self, text: str) -> None:
        """Tell of a wait, or remember what led to it."""
        if wait := _WAIT.search(text):
            seconds, retry, retries = wait.groups()
            self._tell(f"{self._reason}; waiting {seconds} s, retry {retry} of {retries}")
        elif answer := _ANSWER.match(text):
            self._reason = f"the hub answers {answer[1]}"
        elif "resume download" in text:
            self._tell("the download was cut; going on with it")
        else:
            self._reason = "the hub does not answer"
