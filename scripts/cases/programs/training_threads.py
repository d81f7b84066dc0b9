"""Trains in threads, and beside an event loop."""

import asyncio
import sys
import threading
from typing import Any

from cases.programs.outcome import tell
from textgen import TextGenerator

SMALL: dict[str, Any] = {"steps": 5, "units": (8,), "batch_size": 2, "window": 8}


def work(out: str, results: list[str], **settings: Any) -> None:
    """Train and write, and keep the text or the error."""
    try:
        generator = TextGenerator.train(sys.argv[1], out=out, **(SMALL | settings))
        results.append(generator.generate("The", max_new_tokens=5, seed=1).text)
    except Exception as error:
        results.append(f"{type(error).__name__}: {error}")


def in_threads(*folders: str, **settings: Any) -> list[str]:
    """Train in threads, one for each folder."""
    results: list[str] = []
    threads = [threading.Thread(target=work, args=(f, results), kwargs=settings) for f in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


async def beside_a_loop() -> list[str]:
    """Train in a thread of a loop, and in the loop itself."""
    results: list[str] = []
    await asyncio.to_thread(work, "me", results)
    work("mf", results)
    return results


def main() -> None:
    """Try all ways."""
    tell("one", in_threads("ma"))
    tell("two folders", in_threads("mb", "mc"))
    tell("one folder", in_threads("md", "md", steps=200))
    tell("asyncio", asyncio.run(beside_a_loop()))


main()
