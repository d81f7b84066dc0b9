"""Continuous batching: sequences run side by side; they join and leave between rounds."""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Generator, Iterable, Iterator
from concurrent.futures import Future
from itertools import islice
from typing import Any, NamedTuple, Self, TypeVar

from textgen.errors import UsageError
from textgen.runtime.engine.engine import Engine
from textgen.runtime.generation.loop import MOST_STEPS, advance, interrupt
from textgen.runtime.generation.result import Generation
from textgen.runtime.generation.sequence import TextSequence

SLOTS = 64  # sequences side by side
FEWEST_STEPS = 8  # tokens that a sequence gains in a round if it is one of many, which end soon
Value = TypeVar("Value")


class RoundCounts(NamedTuple):
    """Number of tokens that a round has read and written."""

    read: int
    written: int


def run_round(
    engine: Engine, running: list[TextSequence], waiting: Iterator[TextSequence]
) -> RoundCounts | None:
    """Fill the free slots, let each sequence go on once, and drop those that have ended.

    Args:
        engine: the model.
        running: the sequences in the slots; changed in place.
        waiting: sequences that may join, taken one by one as slots become free.

    Returns:
        the counts of the round; None if there was nothing to run.
    """
    running.extend(islice(waiting, SLOTS - len(running)))
    if not running:
        return None
    before = sum(one.token_count for one in running)
    live = [one for one in running if not one.finish_reason]
    read = advance(engine, live, max(FEWEST_STEPS, MOST_STEPS // max(len(live), 1)))
    written = sum(one.token_count for one in running) - before
    running[:] = [one for one in live if not one.finish_reason]
    return RoundCounts(read, written)


def run_all(engine: Engine, sequences: Iterable[TextSequence]) -> Iterator[RoundCounts]:
    """Run sequences to their ends in the caller's thread; yield the counts of each round."""
    running, waiting = list[TextSequence](), iter(sequences)
    while counts := run_round(engine, running, waiting):
        yield counts


class Scheduler:
    """Runs sequences on one thread of its own. Any thread or asyncio task may submit some.

    The text of each sequence is the one that it has alone, and an error ends its sequence alone.

    Args:
        engine: the model.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._arrived = deque[SequenceHandle]()
        self._changed = threading.Condition()
        self._is_closed = False
        self._worker: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def submit(self, sequence: TextSequence) -> "SequenceHandle":
        """Let a sequence join at the next round. It belongs to the scheduler from now on.

        Raises:
            UsageError: the scheduler is closed.
        """
        handle = SequenceHandle(sequence)
        with self._changed:
            if self._is_closed:
                raise UsageError("the scheduler is closed; make another one")
            self._arrived.append(handle)
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, name="textgen", daemon=True)
                self._worker.start()
            self._changed.notify()
        return handle

    def close(self) -> None:
        """Take no more sequences, end the others as they are, and wait for the thread."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._worker is not None:
            self._worker.join()

    def _work(self) -> None:
        """Run rounds until the scheduler is closed and nothing is left to run."""
        handles, running = list[SequenceHandle](), list[TextSequence]()
        waiting = deque[TextSequence]()
        while handles or self._wait():
            while self._arrived:
                handles.append(self._arrived.popleft())
                waiting.append(handles[-1].sequence)
            for handle in handles:
                if handle.is_cancelled or self._is_closed:
                    interrupt(handle.sequence)
            self._run_round(running, waiting)
            handles = [one for one in handles if not one.publish()]

    def _wait(self) -> bool:
        """Wait for a sequence; return false if the scheduler is closed instead."""
        with self._changed:
            self._changed.wait_for(lambda: self._arrived or self._is_closed)
            return bool(self._arrived)

    def _run_round(self, running: list[TextSequence], waiting: deque[TextSequence]) -> None:
        """Run a round; if the engine fails, that ends the sequences in the slots, and no others."""
        try:
            run_round(self._engine, running, (waiting.popleft() for _ in range(len(waiting))))
        except Exception as error:
            for sequence in running:
                if not sequence.finish_reason:  # those that ended in this round keep their text
                    sequence.fail(error)
            running.clear()


class SequenceHandle:
    """A sequence that a scheduler runs: an iterator over its text, and its result.

    Iterate with `for` or `async for`; take the result with `result()` or `await`. Both raise the
    error that ended the sequence, if one did. What is iterated over once is not kept.

    Attributes:
        sequence: belongs to the scheduler until its result is there.
        is_cancelled: whether it shall end as it is.
    """

    def __init__(self, sequence: TextSequence) -> None:
        self.sequence = sequence
        self.is_cancelled = False
        self._result: Future[Generation] = _pending()
        self._first: Future[Link | None] = _pending()
        self._last = self._first

    def cancel(self) -> None:
        """End the text as it is at the next round; its finish reason is "interrupted"."""
        self.is_cancelled = True

    def result(self, timeout: float | None = None) -> Generation:
        """Wait for the whole generation.

        Raises:
            UsageError: a logits processor failed.
            DataError: a constraint cannot be kept, or nothing is left to choose from.
            TimeoutError: it took longer than `timeout` seconds.
        """
        return self._result.result(timeout)

    def __iter__(self) -> Iterator[str]:
        """Yield each chunk of text when it is there."""
        while link := self._first.result():
            text, self._first = link
            yield text
        self._result.result()

    async def __aiter__(self) -> AsyncIterator[str]:
        """Yield each chunk of text when it is there."""
        while link := await self._awaited(self._first):
            text, self._first = link
            yield text
        self._result.result()

    def __await__(self) -> Generator[Any, None, Generation]:
        """Wait for the whole generation."""
        return self._awaited(self._result).__await__()

    async def _awaited(self, future: "Future[Value]") -> Value:
        """Wait for a future of the scheduler; a task that is cancelled cancels the sequence."""
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            self.cancel()
            raise

    def publish(self) -> bool:
        """Give out new text, and the result if it is there; return whether it is.

        The scheduler's thread calls it after each round.
        """
        while text := self.sequence.output.take():
            link = Link(text, _pending())
            self._last.set_result(link)
            self._last = link.next
        if not self.sequence.finish_reason:
            return False
        if self.sequence.error:
            self._result.set_exception(self.sequence.error)
        else:
            self._result.set_result(self.sequence.result())
        self._last.set_result(None)
        return True


class Link(NamedTuple):
    """A chunk of text, and the future of the next; that is None at the end."""

    text: str
    next: "Future[Link | None]"


def _pending() -> "Future[Any]":
    """Return a future that nobody can cancel, for the scheduler's thread will set it."""
    future = Future[Any]()
    future.set_running_or_notify_cancel()
    return future
