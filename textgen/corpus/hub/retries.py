"""The hub library's own retries, logged as messages of ours."""

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

logger = logging.getLogger(__name__)
_LOGGERS = ("huggingface_hub.utils._http", "huggingface_hub.file_download")
_ANSWER = re.compile(r"HTTP Error (\d+)")
_WAIT = re.compile(r"(?:Waiting|Retrying in) (\d+).*\[Retry (\d+)/(\d+)\]")


@contextmanager
def retries_logged() -> Iterator[None]:
    """Log each retry of a request or download in plain words, in place of the library's log."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    translator = _Translator()
    for library in loggers:
        library.addFilter(translator)
    try:
        yield
    finally:
        for library in loggers:
            library.removeFilter(translator)


class _Translator(logging.Filter):
    """Turns the library's warnings into plain sentences: first comes the reason, then the wait.

    It filters the warnings of the thread that made it. Other threads have their own.
    """

    def __init__(self) -> None:
        super().__init__()
        self._reason = ""
        self._thread = threading.get_ident()

    def filter(self, record: logging.LogRecord) -> bool:
        """Translate a warning, and keep the original from the log."""
        if record.thread != self._thread:
            return True
        self._translate(record.getMessage())
        return False

    def _translate(self, text: str) -> None:
        """Log a wait, or remember the reason for the next one."""
        if wait := _WAIT.search(text):
            seconds, retry, retries = wait.groups()
            logger.warning(
                "%s; waiting %s s, retry %s of %s", self._reason, seconds, retry, retries
            )
        elif answer := _ANSWER.match(text):
            self._reason = f"the hub answers {answer[1]}"
        elif "resume download" in text:
            logger.warning("the download was cut; going on with it")
        else:
            self._reason = "the hub does not answer"
