"""Sequences join and leave a scheduler between rounds; each has the text that it has alone."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import numpy as np
import pytest

from textgen.config.tokens import EOS_ID
from textgen.errors import DataError, UsageError
from textgen.generator import TextGenerator
from textgen.runtime.generation import scheduler as scheduler_module
from textgen.runtime.generation.result import Generation
from textgen.runtime.generation.scheduler import Scheduler, SequenceHandle

# Drawn by a graph, drawn by Python, rewound, ended by a stop string, constrained, searched.
KINDS: tuple[dict[str, Any], ...] = (
    {},
    {"typical_p": 0.8},
    {"ban": ("e", "th")},
    {"stop": ("a",)},
    {"regex": "[a-z ]{5,30}"},
    {"beams": 2},
)
ENDLESS: dict[str, Any] = {"max_new_tokens": -1, "banned_tokens": (EOS_ID,)}


@pytest.fixture
def running(generator: TextGenerator) -> Iterator[Scheduler]:
    with generator.scheduler() as scheduler:
        yield scheduler


def settings_of(number: int) -> dict[str, Any]:
    """Return the settings of one of many sequences."""
    return {"seed": number, "max_new_tokens": 20 + number, **KINDS[number % len(KINDS)]}


def submit(
    generator: TextGenerator, scheduler: Scheduler, prompt: str, **settings: Any
) -> SequenceHandle:
    """Let a sequence join."""
    return scheduler.submit(generator.sequence(prompt, generator.configure(**settings)))


def test_threads_and_asyncio_at_once_get_the_texts_that_they_get_alone(
    generator: TextGenerator, running: Scheduler
) -> None:
    alone = [generator.generate(f"{n} ebb", **settings_of(n)) for n in range(36)]

    def in_thread(number: int) -> Generation:
        handle = submit(generator, running, f"{number} ebb", **settings_of(number))
        assert "".join(handle) == handle.result().text
        return handle.result()

    async def in_task(number: int) -> Generation:
        handle = submit(generator, running, f"{number} ebb", **settings_of(number))
        text = "".join([chunk async for chunk in handle])
        result = await handle
        assert text == result.text
        return result

    async def in_tasks() -> list[Generation]:
        return await asyncio.gather(*map(in_task, range(18, 36)))

    with ThreadPoolExecutor(6) as pool:
        threads = pool.map(in_thread, range(18))
        tasks = asyncio.run(in_tasks())
        assert [*threads, *tasks] == alone


def test_more_sequences_than_slots_wait_for_a_slot(
    generator: TextGenerator, running: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler_module, "SLOTS", 2)
    handles = [submit(generator, running, "a", seed=n, max_new_tokens=5 + n) for n in range(9)]
    results = [one.result() for one in handles]
    assert results == [generator.generate("a", seed=n, max_new_tokens=5 + n) for n in range(9)]


def test_error_of_a_sequence_ends_it_alone(generator: TextGenerator, running: Scheduler) -> None:
    def fail(tokens: np.ndarray, logits: np.ndarray) -> np.ndarray:
        raise ValueError("no")

    config = generator.configure(seed=1, max_new_tokens=30)
    good = submit(generator, running, "a", seed=1, max_new_tokens=30)
    bad = running.submit(generator.sequence("a", config, [fail]))
    with pytest.raises(UsageError, match="logits processor fail failed"):
        bad.result()
    with pytest.raises(UsageError, match="logits processor fail failed"):
        list(bad)
    assert good.result() == generator.generate("a", seed=1, max_new_tokens=30)


def test_failure_of_the_engine_ends_the_sequences_of_its_round_and_no_later_ones(
    generator: TextGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any) -> Any:
        raise MemoryError("no room")

    with generator.scheduler() as scheduler:
        with monkeypatch.context() as patch:
            patch.setattr(generator.decoder, "decode", fail)
            handle = submit(generator, scheduler, "a", seed=1, max_new_tokens=5)
            with pytest.raises(MemoryError, match="no room"):
                handle.result()
        later = submit(generator, scheduler, "a", seed=1, max_new_tokens=5)
        assert later.result() == generator.generate("a", seed=1, max_new_tokens=5)


def test_sequence_that_ended_before_the_engine_failed_in_its_round_keeps_its_text(
    generator: TextGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode, may_go_on = generator.decoder.decode, threading.Event()

    def decode_until_top_p(tokens: Any, state: Any, plans: Any) -> Any:
        may_go_on.wait()  # so that both sequences have come when the next round begins
        if any(plan.top_p < 1 for plan in plans):
            raise MemoryError("no room")
        return decode(tokens, state, plans)

    short: dict[str, Any] = {"seed": 1, "max_new_tokens": 1}
    alone = generator.generate("", **short)
    monkeypatch.setattr(generator.decoder, "decode", decode_until_top_p)
    with generator.scheduler() as scheduler:
        first = submit(generator, scheduler, "", **short)
        ended = submit(generator, scheduler, "", **short)
        failed = submit(generator, scheduler, "", top_p=0.5, **short)
        may_go_on.set()
        with pytest.raises(MemoryError, match="no room"):
            failed.result()
        assert first.result() == ended.result() == alone


def test_cancelled_sequence_ends_as_it_is(generator: TextGenerator, running: Scheduler) -> None:
    handle = submit(generator, running, "a", seed=3, **ENDLESS)
    begin = "".join(islice(handle, 10))
    handle.cancel()
    result = handle.result()
    assert result.finish_reason == "interrupted"
    assert result.text == begin + "".join(handle)
    whole = generator.generate("a", **ENDLESS | {"seed": 3, "max_new_tokens": len(result.tokens)})
    assert whole.tokens == result.tokens


def test_cancelled_sequence_that_waits_for_a_slot_ends_at_once(
    generator: TextGenerator, running: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler_module, "SLOTS", 1)
    first = submit(generator, running, "a", seed=3, **ENDLESS)
    next(iter(first))
    waiting = submit(generator, running, "b", seed=3, **ENDLESS)
    waiting.cancel()
    assert waiting.result(timeout=60).tokens == ()
    first.cancel()
    assert first.result(timeout=60).finish_reason == "interrupted"


def test_cancelled_task_cancels_its_sequence(generator: TextGenerator, running: Scheduler) -> None:
    handle = submit(generator, running, "a", seed=3, **ENDLESS)

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(read(), timeout=0.2)

    async def read() -> None:
        async for _ in handle:
            pass
        await handle

    asyncio.run(give_up())
    assert handle.result(timeout=60).finish_reason == "interrupted"


def test_closed_scheduler_ends_what_runs_and_takes_nothing_more(generator: TextGenerator) -> None:
    scheduler = generator.scheduler()
    handle = submit(generator, scheduler, "a", seed=3, **ENDLESS)
    next(iter(handle))
    scheduler.close()
    assert handle.result(timeout=0).finish_reason == "interrupted"
    with pytest.raises(UsageError, match="the scheduler is closed"):
        submit(generator, scheduler, "a", seed=3)
    scheduler.close()


def test_scheduler_that_is_closed_unused_has_no_thread(generator: TextGenerator) -> None:
    before = threading.active_count()
    with generator.scheduler():
        assert threading.active_count() == before


def test_text_of_no_tokens_is_there_at_once(generator: TextGenerator, running: Scheduler) -> None:
    handle = submit(generator, running, "a", seed=3, max_new_tokens=0)
    assert list(handle) == []
    assert handle.result().finish_reason == "length"


def test_constraint_that_cannot_be_kept_is_an_error_of_its_own(
    generator: TextGenerator, running: Scheduler
) -> None:
    with pytest.raises((UsageError, DataError)):
        submit(generator, running, "a", regex="[a-z]{20}", max_new_tokens=3).result()
    assert submit(generator, running, "a", seed=1, max_new_tokens=3).result().tokens
