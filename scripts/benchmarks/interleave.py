"""Contenders that take turns, each in a process of its own; one works while the others wait."""

import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self, TypeVar

# Makes itself ready, then works without end and yields how many tokens each bit of work gave.
Contender = Callable[[], Iterator[int]]
Result = TypeVar("Result")


class Runner:
    """A contender in a fresh process; it works only while it is told to.

    Their libraries (TensorFlow, PyTorch, ONNX Runtime) do not share threads well in one process.
    """

    def __init__(self, contender: Contender) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(contender, theirs), daemon=True)
        self._process.start()
        theirs.close()  # so that the end of the process ends the waiting for its answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.join()

    def run(self, seconds: float) -> float:
        """Let it work for a while, and at least once; return its tokens per second.

        Raises:
            EOFError: it failed; what it wrote to stderr says how.
        """
        self._pipe.send(seconds)
        speed: float = self._pipe.recv()
        return speed


def race(contenders: Mapping[str, Contender], rounds: int, seconds: float) -> dict[str, float]:
    """Return the tokens per second of each, in rounds of turns that take some seconds."""
    with ExitStack() as stack:
        runners = {}
        for name, contender in contenders.items():
            runners[name] = stack.enter_context(Runner(contender))
            runners[name].run(0)  # it is ready before the next one begins
        turns = {name: partial(runner.run, seconds) for name, runner in runners.items()}
        return take_turns(turns, rounds)


def take_turns(turns: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Return the median of each over rounds in which all have their turn.

    One more round goes before those that count, so that all are warm.
    """
    results = [{name: turn() for name, turn in turns.items()} for _ in range(rounds + 1)]
    return {name: statistics.median(result[name] for result in results[1:]) for name in turns}


def in_fresh_process(function: Callable[..., Result], *arguments: Any) -> Result:
    """Call a function in a process that nothing else has grown or warmed."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as pool:
        return pool.submit(function, *arguments).result()


def _serve(contender: Contender, pipe: Connection) -> None:
    """Work as often and as long as the other side of the pipe says."""
    work = contender()
    while True:
        seconds = pipe.recv()
        tokens, start = 0, time.perf_counter()
        for count in work:
            tokens += count
            elapsed = time.perf_counter() - start
            if elapsed >= seconds:
                break
        pipe.send(tokens / elapsed)
