"""A stream gives the text as it comes, ends when told, and takes no more memory as it goes on."""

import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

import numpy as np
import pytest

from tests.dictation import dictate
from textgen import TextGenerator, UsageError
from textgen.artifact.model_folder import Model
from textgen.config.model import PRECISIONS
from textgen.config.tokens import EOS_ID
from textgen.runtime.generation.loop import advance
from textgen.runtime.generation.text_stream import TextStream

ENDLESS: dict[str, Any] = {"max_new_tokens": -1, "banned_tokens": (EOS_ID,), "seed": 1}


def test_endless_stream_is_lazy_and_begins_like_a_text_of_any_length(
    generator: TextGenerator,
) -> None:
    stream = generator.stream("The", **ENDLESS)
    assert stream.result().tokens == ()
    assert stream.result().finish_reason == "unfinished"
    text = "".join(islice(stream, 500))
    whole = generator.generate("The", **ENDLESS | {"max_new_tokens": 500}).text
    assert len(text) >= 500
    assert text.startswith(whole)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_memory_of_a_stream_is_flat_and_its_result_is_the_end(model: Model, precision: str) -> None:
    generator = TextGenerator(model, precision=precision)
    kept = 1000
    stream = generator.stream("The", remembered=kept, stop=("zzzzzzzz",), **ENDLESS)
    before = tokens = 0
    tracemalloc.start()
    try:
        while tokens < 20_000:
            next(stream)
            tokens = stream.written
            if tokens < 3000:
                before, _ = tracemalloc.get_traced_memory()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 100_000
    result = stream.result()
    assert len(result.tokens) == len(result.logprobs) == kept
    assert result.usage.completion_tokens == tokens
    assert generator.tokenizer.decode(result.tokens[-50:])[:40] in result.text


def test_all_is_remembered_if_asked_for(generator: TextGenerator) -> None:
    settings: dict[str, Any] = {"seed": 1, "max_new_tokens": 200, "banned_tokens": (EOS_ID,)}
    for remembered, count in [(None, 200), (300, 200), (7, 7)]:
        stream = generator.stream("The", remembered=remembered, **settings)
        text = "".join(stream)
        assert len(stream.result().tokens) == count
        assert text == generator.generate("The", **settings).text
        assert text.endswith(stream.result().text)
        assert stream.result().finish_reason == "length"


def test_interrupted_stream_ends_with_what_was_held_back(generator: TextGenerator) -> None:
    whole = generator.generate("The", **ENDLESS | {"max_new_tokens": 100}).text
    stream = generator.stream("The", stop=(whole[:60] + "\0",), **ENDLESS)
    advance_until(stream, 30)
    stream.interrupt()
    assert "".join(stream) == stream.result().text == whole[: len(stream.result().text)]
    assert stream.result().finish_reason == "interrupted"
    assert list(stream) == []
    stream.interrupt()
    assert stream.result().finish_reason == "interrupted"


def advance_until(stream: TextStream, tokens: int) -> None:
    """Let a stream write without taking its text, as far as possible."""
    while stream.written < tokens:
        advance(stream._engine, [stream._sequence], 1)


def test_text_that_has_ended_stays_as_it_is(generator: TextGenerator) -> None:
    stream = generator.stream("The", seed=1, max_new_tokens=5)
    list(stream)
    stream.interrupt()
    assert stream.result().finish_reason == "length"
    assert next(stream, None) is None


def test_pieces_split_no_character_and_hold_no_part_of_a_stop_string(
    generator: TextGenerator,
) -> None:
    tokens = generator.tokenizer.encode("漢é ebb 字 ebb tide 漢").tolist()
    pieces = list(generator.stream("", logits_processors=[dictate(tokens)], stop=("ebb tide",)))
    assert pieces == ["漢", "é", " ", "ebb 字", " "]
    assert (
        pieces[:2]
        == list(generator.stream("", logits_processors=[dictate(tokens)], max_new_tokens=5))[:2]
    )


def test_first_token_comes_by_itself(generator: TextGenerator) -> None:
    stream = generator.stream("The", **ENDLESS)
    next(stream)
    assert stream.written == 1


def test_long_prompt_can_be_read_with_progress(generator: TextGenerator) -> None:
    prompt = "ebb tide " * 4000
    stream = generator.stream(prompt, seed=1, max_new_tokens=9)
    parts = list(stream.read())
    assert len(parts) == 3
    assert sum(parts) == len(prompt)
    assert list(stream.read()) == []
    assert "".join(stream) == generator.generate(prompt, seed=1, max_new_tokens=9).text


def test_empty_prompt_has_nothing_to_read(generator: TextGenerator) -> None:
    stream = generator.stream("", seed=1, max_new_tokens=9)
    assert list(stream.read()) == []
    assert "".join(stream) == generator.generate("", seed=1, max_new_tokens=9).text


def test_failing_hook_ends_the_stream_behind_what_was_written(generator: TextGenerator) -> None:
    def hook(tokens: np.ndarray, logits: np.ndarray) -> np.ndarray:
        if len(tokens) == 3 + 5:
            raise KeyError("five")
        return logits

    def pieces(stream: TextStream) -> Iterator[str]:
        with pytest.raises(UsageError, match="processor hook failed: KeyError: 'five'") as caught:
            yield from stream
        assert isinstance(caught.value.__cause__, KeyError)

    stream = generator.stream("The", seed=1, logits_processors=[hook])
    text = "".join(pieces(stream))
    assert text == generator.generate("The", seed=1, max_new_tokens=5).text
    assert stream.result().text == text
    assert stream.result().finish_reason == "error"


def test_seed_is_known_at_once(generator: TextGenerator) -> None:
    stream = generator.stream("The", max_new_tokens=9)
    assert "".join(stream) == generator.generate("The", max_new_tokens=9, seed=stream.seed).text


def test_stream_that_is_closed_yields_nothing_more_and_keeps_what_it_wrote(
    generator: TextGenerator,
) -> None:
    whole = generator.generate("The", seed=1, max_new_tokens=40).text
    with generator.stream("The", seed=1, max_new_tokens=-1) as stream:
        taken = "".join(islice(stream, 5))
        written = stream.written
    assert list(stream) == []
    stream.close()
    assert list(stream) == []
    assert stream.written == written
    assert stream.result().text.startswith(taken)
    assert whole.startswith(taken)


def test_stream_is_closed_by_an_error_too(generator: TextGenerator) -> None:
    with suppress(KeyError), generator.stream("The", seed=1) as stream:
        next(stream)
        raise KeyError
    assert list(stream) == []


def test_session_goes_on_behind_a_stream_that_was_closed(generator: TextGenerator) -> None:
    session = generator.session(seed=1)
    with session.stream(max_new_tokens=40) as stream:
        taken = "".join(islice(stream, 5))
    assert session.text == taken
    rest = session.generate(max_new_tokens=10).text
    assert session.text == taken + rest
    with pytest.raises(UsageError, match="moved on"):
        next(stream)
