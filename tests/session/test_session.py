"""A session is a text that can be left, split, taken back and gone on with, to the last bit."""

import dataclasses
import math
import tracemalloc
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.any_settings import ANY_SETTINGS, PROMPTS
from tests.seeded_models import seeded_weights
from textgen import Session, TextGenerator
from textgen.artifact.model_folder import Model
from textgen.config.model import PRECISIONS, ModelConfig
from textgen.errors import DataError, MissingInput, UsageError
from textgen.runtime.generation.snapshot import StateSnapshot

# What a text is written with that may be left anywhere. Constraints begin anew with each call.
LEFT_ANYWHERE = ANY_SETTINGS.filter(lambda s: s.get("beams", 1) == 1).map(
    lambda s: {"stop": ("e e", "abab", "q\n"), **s, "min_new_tokens": 0}
)
LETTERS: dict[str, Any] = {"banned_tokens": (0,), "max_new_tokens": 50}


def same(one: StateSnapshot, other: StateSnapshot) -> bool:
    """Tell whether texts stand at the same place, to the last bit."""
    numbers = ("length", "last", "drawn", "generation_tokens")
    return (
        all(getattr(one, name) == getattr(other, name) for name in numbers)
        and np.array_equal(one.known_tokens(), other.known_tokens())
        and all(map(np.array_equal, one.state or (), other.state or ()))
    )


@settings(max_examples=200)
@given(PROMPTS, ANY_SETTINGS, st.integers(0, 99))
def test_session_writes_what_a_generation_does(
    generator: TextGenerator, prompt: str, chosen: dict[str, Any], seed: int
) -> None:
    chosen = {**chosen, "seed": seed}
    wanted = generator.generate(prompt, **chosen)
    session = generator.session(**chosen)
    session.feed(prompt)
    found = session.generate()
    assert found.text == wanted.text
    if found.finish_reason != "stop":  # a session does not keep the tokens of a stop string
        assert found.tokens == wanted.tokens
    assert session.text == generator.tokenizer.clean(prompt) + wanted.text


@settings(max_examples=200)
@given(PROMPTS, LEFT_ANYWHERE, st.lists(st.integers(0, 12), max_size=4), st.booleans())
def test_stream_left_anywhere_goes_on_in_a_file_as_if_it_had_not_been(
    generator: TextGenerator,
    tmp_path_factory: pytest.TempPathFactory,
    prompt: str,
    chosen: dict[str, Any],
    leaves: list[int],
    with_text: bool,
) -> None:
    most = chosen.get("max_new_tokens", 40)
    path = tmp_path_factory.mktemp("session") / "s.state"
    unbroken = generator.session(**chosen)
    unbroken.feed(prompt)
    wanted = unbroken.fork().generate(max_new_tokens=most).text
    session, found = unbroken, ""
    for pieces in leaves:
        stream = session.stream(max_new_tokens=most - session.snapshot.drawn)
        found += "".join(islice(stream, pieces))
        session.save(path, text=with_text)
        session = generator.load_session(path)
        if stream.result().finish_reason == "stop" and not next(stream, ""):
            assert found == wanted
            return
    rest = session.generate(max_new_tokens=most - session.snapshot.drawn)
    assert found + rest.text == wanted


@pytest.mark.parametrize("precision", PRECISIONS)
def test_ten_tokens_and_ten_more_are_the_twenty_of_one_call(model: Model, precision: str) -> None:
    generator = TextGenerator(model, precision=precision)
    once, twice = (generator.session(**LETTERS, seed=3, mirostat=2) for _ in range(2))
    whole = once.generate(max_new_tokens=20)
    parts = [twice.generate(max_new_tokens=10) for _ in range(2)]
    assert whole.tokens == parts[0].tokens + parts[1].tokens
    assert same(once.snapshot, twice.snapshot)


@pytest.mark.parametrize("step", [1, 2, 3])
def test_character_whose_bytes_two_calls_write_is_whole(
    model: Model, tmp_path: Path, step: int
) -> None:
    weights = {name: array.copy() for name, array in model.weights.items()}
    for token in range(model.config.vocab_size):
        weights["logits.bias"][token] += 20 * (
            model.tokenizer.token_bytes(token) in (b"\xc3", b"\xa9")
        )
    generator = TextGenerator(dataclasses.replace(model, weights=weights))
    whole = generator.session(**LETTERS, seed=3).generate(max_new_tokens=60).text
    assert "é" in whole
    session, found = generator.session(**LETTERS, seed=3), ""
    for _ in range(60 // step):
        found += session.generate(max_new_tokens=step).text
        session.save(tmp_path / "s.state", text=False)
        session = generator.load_session(tmp_path / "s.state")
    assert whole.startswith(found)
    assert len(whole) - len(found) <= 1


ACTIONS = st.lists(
    st.tuples(st.sampled_from(["feed", "write"]), st.integers(1, 150)), min_size=1, max_size=5
)


@settings(max_examples=100)
@given(ACTIONS, st.integers(0, 4))
def test_undo_leads_back_to_the_same_bits(
    generator: TextGenerator, actions: list[tuple[str, int]], kept: int
) -> None:
    session = generator.session(**LETTERS, seed=1)
    snapshots = [session.snapshot]
    for kind, count in actions:
        if kind == "feed":
            session.feed("e" * count)
        else:
            session.generate(max_new_tokens=count)
        snapshots.append(session.snapshot)
    wanted = snapshots[min(kept, len(actions))]
    session.undo(session.snapshot.length - wanted.length)
    assert same(
        session.snapshot,
        dataclasses.replace(wanted, generation_tokens=session.snapshot.generation_tokens),
    )


def test_undo_goes_back_within_what_was_written_and_the_same_comes_again(
    generator: TextGenerator,
) -> None:
    session = generator.session(**LETTERS, seed=1)
    session.feed("The ")
    text = session.generate(max_new_tokens=300).text
    session.undo(170)
    assert session.text == "The " + text[:130]
    assert session.generate(max_new_tokens=170).text == text[130:]
    session.undo(170)
    assert session.generate(max_new_tokens=170, seed=2).text != text[130:]


def test_undo_beyond_the_beginning_is_refused_and_changes_nothing(
    generator: TextGenerator,
) -> None:
    session = generator.session(**LETTERS)
    session.feed("abc")
    with pytest.raises(UsageError, match=r"4 tokens cannot be taken back: .* can go back by 3"):
        session.undo(4)
    with pytest.raises(UsageError, match="at least 0"):
        session.undo(-1)
    assert session.text == "abc"
    session.undo(3)
    assert session.text == ""


def test_forks_go_their_own_ways(generator: TextGenerator) -> None:
    session = generator.session(**LETTERS, seed=1)
    session.feed("Once ")
    fork = session.fork()
    assert fork.generate().text == session.fork().generate().text
    assert fork.generate(seed=2).text != session.generate().text
    assert fork.text.startswith("Once ")


@pytest.mark.parametrize("tokens", [0, 1])
def test_ten_thousand_forks_hold_little_more_than_their_states(model: Model, tokens: int) -> None:
    config = ModelConfig(vocab_size=model.config.vocab_size, embedding_size=8, units=(512,))
    model = dataclasses.replace(model, config=config, weights=seeded_weights(config))
    session = TextGenerator(model).session(seed=1)
    session.feed("Once upon a time")
    session.generate(max_new_tokens=1)
    state = sum(part.nbytes for part in session.snapshot.state or ())
    count = 10_000 if tokens == 0 else 1_000
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        forks = [session.fork() for _ in range(count)]
        for number, fork in enumerate(forks):
            if tokens:
                fork.generate(max_new_tokens=tokens, seed=number)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len({id(fork) for fork in forks}) == count
    assert after - before <= 1.2 * count * state


def test_text_is_what_was_read_and_what_was_shown(generator: TextGenerator) -> None:
    whole = generator.session(**LETTERS, seed=1).generate().text
    session = generator.session(**LETTERS, seed=1)
    found = session.generate(stop=(whole[20:24],)).text
    assert whole.startswith(found)
    assert session.text == found
    session.feed("XYZ")
    assert session.text == found + "XYZ"


def test_session_stands_behind_what_was_taken_of_a_stream(generator: TextGenerator) -> None:
    session = generator.session(**LETTERS, seed=1)
    stream = session.stream()
    taken = "".join(islice(stream, 7))
    assert session.text == taken
    assert session.fork().generate(max_new_tokens=43).text == "".join(stream)
    assert session.snapshot.drawn == 50


def test_stream_of_a_session_that_went_on_is_over(generator: TextGenerator) -> None:
    session = generator.session(**LETTERS, seed=1)
    stream = session.stream()
    first = next(stream)
    session.feed("abc")
    with pytest.raises(UsageError, match="the session has moved on"):
        next(stream)
    assert session.text == first + "abc"


@pytest.mark.parametrize("with_text", [True, False])
def test_file_is_small(model: Model, tmp_path: Path, with_text: bool) -> None:
    config = ModelConfig(vocab_size=model.config.vocab_size, embedding_size=8, units=(256,))
    small = dataclasses.replace(model, config=config, weights=seeded_weights(config))
    session = TextGenerator(small).session(**LETTERS, seed=1)
    for _ in range(40):
        session.feed("A quiet sea, and nothing on it but the sun. ")
        session.generate(max_new_tokens=20)
    session.save(tmp_path / "s.state", text=with_text)
    state = sum(part.nbytes for part in session.snapshot.state or ())
    most = 2 * state + (len(session.text.encode()) if with_text else 0)
    assert (tmp_path / "s.state").stat().st_size <= most
    again = TextGenerator(small).load_session(tmp_path / "s.state")
    assert session.text.endswith(again.text)
    assert (again.text == session.text) == with_text


def test_session_from_a_file_can_be_taken_back(generator: TextGenerator, tmp_path: Path) -> None:
    session = generator.session(**LETTERS, seed=1)
    snapshots = [session.snapshot]
    for count in (3, 140):
        session.feed("e" * count)
        snapshots.append(session.snapshot)
        session.generate(max_new_tokens=count)
        snapshots.append(session.snapshot)
    session.save(tmp_path / "s.state")
    for wanted in reversed(snapshots):
        again = generator.load_session(tmp_path / "s.state")
        again.undo(again.snapshot.length - wanted.length)
        assert same(
            again.snapshot,
            dataclasses.replace(wanted, generation_tokens=again.snapshot.generation_tokens),
        )
    session.save(tmp_path / "s.state", text=False)
    again = generator.load_session(tmp_path / "s.state")
    with pytest.raises(UsageError, match="can go back by 0"):
        again.undo(1)


def test_file_of_another_model_or_precision_is_refused(
    generator: TextGenerator, model: Model, tmp_path: Path
) -> None:
    path = tmp_path / "s.state"
    generator.session().save(path)
    weights = {name: array + 1 for name, array in model.weights.items()}
    other = TextGenerator(dataclasses.replace(model, weights=weights))
    with pytest.raises(DataError, match="of another model"):
        other.load_session(path)
    (precision,) = set(PRECISIONS) - {generator.decoder.precision}
    with pytest.raises(DataError, match=precision):
        TextGenerator(model, precision=precision).load_session(path)
    with pytest.raises(MissingInput, match="no such session"):
        generator.load_session(tmp_path / "none")


@pytest.fixture(scope="module")
def saved(generator: TextGenerator, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("session") / "s.state"
    session = generator.session(**LETTERS, seed=1)
    session.feed("Once")
    session.generate(max_new_tokens=5)
    session.save(path)
    return path.read_bytes()


@given(st.data())
def test_damaged_file_is_told_or_loads(
    generator: TextGenerator,
    tmp_path_factory: pytest.TempPathFactory,
    saved: bytes,
    data: st.DataObject,
) -> None:
    path = tmp_path_factory.mktemp("session") / "s.state"
    content = bytearray(saved)
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)) | st.just(len(content)))
    path.write_bytes(content[:cut])
    try:
        again = generator.load_session(path)
    except DataError:
        return
    again.generate(max_new_tokens=2)


def test_mixed_session_lies_between_two(generator: TextGenerator) -> None:
    one, other = (generator.session(**LETTERS, seed=1) for _ in range(2))
    one.feed("aaaa ")
    other.feed("eeee.")
    assert same(Session.mix(one, other, 0).snapshot, one.snapshot)
    mixed = Session.mix(one, other, 0.5)
    assert mixed.text == one.text
    other.feed("e")  # after which the model has been fed all that was before
    states = (one.snapshot.state, mixed.snapshot.state, other.snapshot.state)
    for first, middle, last in zip(*(state or () for state in states), strict=True):
        np.testing.assert_allclose(middle, (first + last) / 2, rtol=1e-5, atol=1e-6)
    before = mixed.snapshot
    text = mixed.generate(max_new_tokens=5).text
    mixed.undo(5)
    assert same(mixed.snapshot, before)
    assert mixed.generate(max_new_tokens=5).text == text
    with pytest.raises(UsageError, match="from 0 to 1"):
        Session.mix(one, other, 2)


def test_score_is_that_of_the_text_at_its_place(generator: TextGenerator) -> None:
    session = generator.session()
    session.feed("The ")
    before = session.snapshot
    parts = session.score("sea").nats_per_token * 3
    session.feed("sea")
    parts += session.score(" is wide").nats_per_token * 8
    whole = generator.session()
    whole.feed("The ")
    assert math.isclose(whole.score("sea is wide").nats_per_token * 11, parts, rel_tol=1e-4)
    assert whole.snapshot.length == before.length
    with pytest.raises(UsageError, match="empty"):
        whole.score("")


def test_next_tokens_are_those_after_the_text(generator: TextGenerator) -> None:
    session = generator.session()
    session.feed("The s")
    assert session.next(5) == generator.next("The s", 5)


def test_session_of_an_endless_text_keeps_few_states(generator: TextGenerator) -> None:
    session = generator.session(max_new_tokens=-1, banned_tokens=(0,), seed=1)
    stream = session.stream()
    while session.snapshot.drawn < 20_000:
        list(islice(stream, 2_000))
    states = sum(1 for snapshot in session.snapshot.back() if snapshot.state)
    assert states < 64 * (1 + math.log(20_000 / 4_096)) + 64


Act = Callable[[Session], object]


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda s: s.generate(regex="[a-z]{5}"), marks=pytest.mark.needs("constrain")),
        lambda s: s.generate(beams=3, max_new_tokens=9),
    ],
    ids=["constraint", "beams"],
)
def test_session_stands_behind_a_text_that_was_searched_for(
    generator: TextGenerator, act: Act
) -> None:
    session = generator.session(**LETTERS, seed=1)
    session.feed("The ")
    text = str(act(session))
    assert session.text == "The " + text
    plain = generator.session(**LETTERS, seed=1)
    plain.feed("The ")
    plain.feed(text)
    state, wanted = session.snapshot.state or (), plain.snapshot.state or ()
    assert all(np.array_equal(a, b) for a, b in zip(state, wanted, strict=True))
