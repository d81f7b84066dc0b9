"""SIGINT and SIGTERM wait until what is at work is whole."""

import signal
import threading
from types import FrameType
from typing import Any, Self

from textgen.errors import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class DeferredSignals:
    """Within it the first signal is only noted; a second acts at once, as it did before.

    Outside the main thread, where Python allows no handlers, nothing is noted; nor is a signal
    that the process ignores, as one begun in the background does. What the second raises may be
    an `Interrupted`, too, and comes at any point; `noted` is the first.
    """

    def __init__(self) -> None:
        self.noted: Interrupted | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *error: object) -> None:
        self._restore()

    def check(self) -> None:
        """Raise what was noted.

        Raises:
            Interrupted: a signal has come.
        """
        if self.noted:
            raise self.noted

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.noted = Interrupted(number)
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
