"""Leaves endless streams early, and looks what stays."""

import os
import threading
from typing import Any

from cases.programs.outcome import attempt, tell
from textgen import TextGenerator

PAGE = os.sysconf("SC_PAGE_SIZE")


def memory() -> float:
    """Return the resident memory in MB."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * PAGE / 1e6


def leave(generator: TextGenerator, count: int) -> None:
    """Begin endless streams and leave each after some pieces."""
    for seed in range(count):
        for number, _ in enumerate(generator.stream("The", max_new_tokens=-1, seed=seed)):
            if number > 3:
                break


def with_close(generator: Any) -> bool:
    """Use a stream as a file is used."""
    stream = generator.stream("The", max_new_tokens=-1, seed=1)
    next(stream)
    stream.close()
    with generator.stream("The", max_new_tokens=-1, seed=1) as other:
        next(other)
    return True


def main() -> None:
    """Leave many streams."""
    generator = TextGenerator.from_pretrained()
    leave(generator, 40)
    before, threads = memory(), threading.active_count()
    leave(generator, 160)
    tell("grown", memory() - before)
    tell("threads", threading.active_count() - threads)
    attempt("close", lambda: with_close(generator))


main()
