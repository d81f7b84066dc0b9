"""Deferred signals: SIGINT and SIGTERM wait for the end of a piece of work."""

import signal
import threading
from types import FrameType
from typing import Any, Self

from textgen.errors import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class DeferredSignals:
    """A context in which the first signal is only noted. A second one acts at once, as usual.

    Nothing is noted outside the main thread, where Python allows no handlers, nor of a signal that
    the process ignores, as a process in the background does. The second signal may raise
    `Interrupted`, too, at any point.

    Attributes:
        noted: the first signal, or None.
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
        """Raise the signal that was noted, if there is one.

        Raises:
            Interrupted: a signal was noted.
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
