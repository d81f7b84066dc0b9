"""Writes, and trains, in processes that are forks of one that did so."""

import multiprocessing
import os
import select
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from cases.programs.outcome import tell
from textgen import TextGenerator

SECONDS = 45
SMALL: dict[str, Any] = {"steps": 2, "units": (4,), "batch_size": 2, "window": 8}


def in_fork(call: Callable[[], str]) -> str:
    """Return what a call gives in a fork, or that it does not end."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            answer = call()
        except BaseException as error:
            answer = f"{type(error).__name__}: {error}"
        os.write(write, answer.encode())
        os._exit(0)
    ready, _, _ = select.select([read], [], [], SECONDS)
    answer = os.read(read, 10_000).decode() if ready else "stands still"
    if not ready:
        os.kill(child, 9)
    os.waitpid(child, 0)
    os.close(read)
    os.close(write)
    return answer


GENERATORS: list[TextGenerator] = []


def written(**settings: Any) -> str:
    """Write with the generator that this process has, or inherited."""
    return GENERATORS[0].generate("The", **({"max_new_tokens": 9, "seed": 1} | settings)).text


def main() -> None:
    """Fork with a generator, in a pool, and after a training."""
    GENERATORS.append(TextGenerator.from_pretrained())
    for name, settings in (
        ("plain", {}),
        ("regex", {"regex": "[a-z]+"}),
        ("ban", {"ban": ("e",)}),
    ):
        wanted = written(**settings)
        tell(f"fork {name}", in_fork(partial(written, **settings)) == wanted)
    GENERATORS[0] = TextGenerator.from_pretrained(threads=2)
    wanted = written()
    tell("fork threads", in_fork(written) == wanted)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        results = [pool.apply_async(written) for _ in range(4)]
        tell("pool", all(result.get(SECONDS) == wanted for result in results))
    TextGenerator.train(sys.argv[1], out="here", **SMALL)

    def trained() -> str:
        TextGenerator.train(sys.argv[1], out="there", **SMALL)
        return "trained"

    begin = time.monotonic()
    tell("training", in_fork(trained))
    tell("seconds", time.monotonic() - begin)


main()
