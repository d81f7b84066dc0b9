"""Writes and trains in threads and beside an event loop."""

import asyncio
import contextlib
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

from cases.programs.outcome import attempt, tell
from textgen import TextGenerator

SMALL: dict[str, Any] = {"steps": 3, "units": (4,), "batch_size": 2, "window": 8}


@contextlib.contextmanager
def stderr_kept() -> Iterator[IO[bytes]]:
    """Send file descriptor 2 to a file while a block lasts."""
    with tempfile.TemporaryFile() as file:
        kept = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            yield file
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def write(generator: TextGenerator, seed: int) -> str:
    """Write a short text."""
    return generator.generate("The", max_new_tokens=20, seed=seed).text


async def worst_lag(generator: TextGenerator) -> float:
    """Return how long the loop stood still while texts were written in threads."""
    work = [asyncio.create_task(asyncio.to_thread(write, generator, n)) for n in range(20)]
    worst = 0.0
    while not all(task.done() for task in work):
        begin = time.perf_counter()
        await asyncio.sleep(0.005)
        worst = max(worst, time.perf_counter() - begin)
    return worst


def shared_stream(generator: TextGenerator) -> bool:
    """Tell whether a stream that four threads read gives each piece once."""
    wanted = generator.generate("The", max_new_tokens=200, seed=5).text
    stream, pieces, lock = generator.stream("The", max_new_tokens=200, seed=5), [], threading.Lock()

    def read() -> None:
        while True:
            with lock:
                piece = next(stream, None)
                if piece is None:
                    return
                pieces.append(piece)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return "".join(pieces) == wanted


def main() -> None:
    """Write in threads, beside a loop, and train."""
    generator = TextGenerator.from_pretrained()
    wanted = [write(generator, seed) for seed in range(36)]
    with ThreadPoolExecutor(8) as pool:
        tell("threads", list(pool.map(lambda n: write(generator, n), range(36))) == wanted)
    tell("lag", asyncio.run(worst_lag(generator)))
    attempt("shared stream", lambda: shared_stream(generator))
    with stderr_kept() as file:
        for number in range(3):
            TextGenerator.train(sys.argv[1], out=f"m{number}", **SMALL)
        file.seek(0)
        tell("stderr", file.read().decode(errors="replace")[:500])


main()
