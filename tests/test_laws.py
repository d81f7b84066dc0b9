"""What holds for every text, whatever the model, the settings and what was done before.

The packaged model and models whose weights are seeded numbers, with all kinds of tokens, write
under mixtures of bans, copy guards, stops, units and filters, in single calls and in sessions.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as LibraryTokenizer
from tokenizers import decoders, models, pre_tokenizers, trainers

from tests.any_settings import IN_GRAPH, IN_PYTHON
from tests.seeded_models import TIDEWATER, copy_index, seeded_model
from textgen import Generation, Session, TextGenerator
from textgen.errors import DataError
from textgen.sampling.banned_phrases import BannedPhrases
from textgen.tokenization.decoding import BROKEN
from textgen.tokenization.tokenizer import Tokenizer

CASES, MANY_CASES = 1_000, 10_000
# Letters that the seeded models like, of one to four bytes, and what a Mac makes of some of them.
SCRIPTS = "caffè perché 春眠不觉晓 🌊⛵ e il mare\n" * 20
NETWORKS = ("packaged", "char", "byte", "bpe", "unigram", "word", "word-strict", "custom")


@cache
def generator(network: str) -> TextGenerator:
    """Return a generator, with an index of a training text that it may come to copy."""
    if network == "packaged":
        model = TextGenerator.from_pretrained().model
        known = ["It was a dark night, and the sea was still. The old man looked at the sea."]
    else:
        text = SCRIPTS + TIDEWATER.read_text(encoding="utf-8")[:4000]
        kind: Any = foreign() if network == "custom" else network
        model, known = seeded_model(kind, 7, text=text, vocab_size=400, ends=20), [text]
    return TextGenerator(replace(model, copies=copy_index(known)))


def foreign() -> Tokenizer:
    """Return a tokenizer that somebody else made, whose tokens may be parts of characters."""
    library = LibraryTokenizer(models.BPE())
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    library.decoder = decoders.ByteLevel()
    library.train_from_iterator(
        [SCRIPTS],
        trainers.BpeTrainer(
            vocab_size=300,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            special_tokens=["<|endoftext|>"],
            show_progress=False,
        ),
    )
    return Tokenizer.from_json(library.to_str())


# Of letters that the models like, so that they come up, and some that are parts of tokens.
SHORT = st.text("abest ,.\né眠", min_size=1, max_size=3)
WATCHED: dict[str, st.SearchStrategy[Any]] = {
    "ban": st.lists(SHORT, max_size=3).map(tuple),
    "ban_any_case": st.booleans(),
    "max_copy": st.integers(0, 12),
    "stop": st.lists(SHORT, max_size=3).map(tuple),
    "stop_at": st.sampled_from(["sentence", "line", "paragraph", "document"]),
}
FILTERS = {
    name: strategy
    for name, strategy in (IN_GRAPH | IN_PYTHON).items()
    if name not in {*WATCHED, "beams", "min_new_tokens", "max_new_tokens"}
} | {  # by id, for what is one token of a model is none of another
    "logit_bias": st.lists(st.tuples(st.integers(0, 99), st.floats(-100, 100)), max_size=4).map(
        tuple
    ),
    "banned_tokens": st.lists(st.integers(0, 99), max_size=20).map(tuple),
}
SETTINGS = st.fixed_dictionaries(
    {"seed": st.integers(0, 10**6)}, optional=WATCHED | FILTERS
) | st.fixed_dictionaries({"seed": st.integers(0, 10**6)}, optional=WATCHED)
FILTERS_ONLY = st.fixed_dictionaries({"seed": st.integers(0, 10**6)}, optional=FILTERS)
# Bytes that begin no character.
IMPOSSIBLE = {f"bytes {byte:02x}" for byte in (0xC0, 0xC1, *range(0xF5, 0x100))}
LENGTHS = st.integers(0, 40)
READ = st.text("ab e\n.,é眠😀", max_size=12) | st.just("e" * 140)


@dataclass(frozen=True)
class Written:
    """Some text that was written, and what stood before it.

    Attributes:
        before: all of the text before it.
        result: what was written.
        may_begin_with_stop: whether a stop string ended the text before it.
    """

    before: str
    result: Generation
    may_begin_with_stop: bool = False

    def check(self, writer: TextGenerator, chosen: dict[str, Any]) -> None:
        """Hold it to what every text is held to."""
        text, whole = self.result.text, self.before + self.result.text
        for phrase in chosen.get("ban", ()):
            ban = BannedPhrases([phrase], any_case=chosen.get("ban_any_case", False))
            begin = max(len(self.before) + 1 - len(phrase), 0)  # none ends in the new text
            assert not ban.is_in(whole[begin:])
        stop = chosen.get("stop", ())
        assert not any(one in text[self.may_begin_with_stop :] for one in stop)
        if most := chosen.get("max_copy"):
            assert len(self.result.longest_copy or "") <= most
        spelled = b"".join(map(writer.tokenizer.token_bytes, self.result.tokens))
        assert BROKEN not in text or BROKEN.encode() in spelled


def try_to_write(write: Callable[[], Generation]) -> Generation | None:
    """Return what is written; None where nothing can follow that the settings let through."""
    try:
        return write()
    except DataError as error:
        if "every continuation is banned here" in str(error) or "no token is left" in str(error):
            return None
        raise


def check_generation(network: str, prompt: str, chosen: dict[str, Any], most: int) -> None:
    """Write a text alone, as a stream and beside others, and hold it to the laws."""
    writer, chosen = generator(network), {**chosen, "max_new_tokens": most}
    result = try_to_write(lambda: writer.generate(prompt, **chosen))
    if result is None:
        return
    read = writer.tokenizer.decode(writer.tokenizer.encode(prompt))  # a strict model has no others
    Written(read, result).check(writer, chosen)
    stream = writer.stream(prompt, **chosen)
    assert "".join(stream) == result.text
    assert stream.result() == result
    assert writer.generate([prompt, "a", ""], **chosen)[0] == result


def check_session(
    network: str, acts: list[tuple[str, Any]], chosen: dict[str, Any], most: int
) -> None:
    """Read, write, leave and take back, and hold each text of it to the laws."""
    writer, chosen = generator(network), {**chosen, "max_new_tokens": most}
    session = writer.session(**chosen)
    for act, value in acts:
        before, is_at_stop = session.text, session.snapshot.stopped
        if act == "feed":
            session.feed(value)
            continue
        result = try_to_write(partial(WAYS[act], session, value))
        if result is None:
            assert session.text == before
            continue
        Written(before, result, is_at_stop).check(writer, chosen)
        if network != "word-strict":  # where a part of a word is no text
            assert session.text == before + result.text
        behind = session.fork()
        session.undo(len(result.tokens))
        assert session.text == before
        if result.tokens:  # behind nothing but a stop string, the text goes on
            assert WAYS[act](session, value) == result
        session = behind


def taken(session: Session, pieces: int) -> Generation:
    """Take some pieces of a stream, and leave it."""
    stream = session.stream()
    text = "".join(islice(stream, pieces))
    assert stream.result().text == text
    return stream.result()


WAYS: dict[str, Callable[[Session, Any], Generation]] = {
    "generate": lambda session, count: session.generate(max_new_tokens=count),
    "stream": taken,
    "hot": lambda session, seed: session.generate(seed=seed, temperature=1.5),
}
ACTS = st.lists(
    st.tuples(st.just("feed"), READ) | st.tuples(st.sampled_from(sorted(WAYS)), st.integers(0, 12)),
    min_size=1,
    max_size=6,
)


@settings(max_examples=CASES)
@given(st.sampled_from(NETWORKS), READ, SETTINGS, LENGTHS)
def test_every_text_is_whole_and_holds_nothing_banned(
    network: str, prompt: str, chosen: dict[str, Any], most: int
) -> None:
    check_generation(network, prompt, chosen, most)


@settings(max_examples=CASES)
@given(st.sampled_from(NETWORKS), ACTS, SETTINGS, LENGTHS)
def test_undo_of_a_result_leads_back_and_the_same_comes_again(
    network: str, acts: list[tuple[str, Any]], chosen: dict[str, Any], most: int
) -> None:
    check_session(network, acts, chosen, most)


@pytest.mark.slow
@settings(max_examples=MANY_CASES, deadline=None)
@given(st.sampled_from(NETWORKS), READ, SETTINGS, LENGTHS)
def test_ten_thousand_texts_are_whole_and_hold_nothing_banned(
    network: str, prompt: str, chosen: dict[str, Any], most: int
) -> None:
    check_generation(network, prompt, chosen, most)


@pytest.mark.slow
@settings(max_examples=MANY_CASES, deadline=None)
@given(st.sampled_from(NETWORKS), ACTS, SETTINGS, LENGTHS)
def test_ten_thousand_sessions_lead_back_and_write_the_same_again(
    network: str, acts: list[tuple[str, Any]], chosen: dict[str, Any], most: int
) -> None:
    check_session(network, acts, chosen, most)


@settings(max_examples=CASES // 4)
@given(st.sampled_from(["char", "byte"]), WATCHED["stop"], st.integers(0, 10**6))
def test_text_that_stops_goes_on_as_if_it_had_not(
    network: str, stop: tuple[str, ...], seed: int
) -> None:
    """Where a token is no more than a character, so that no stop string can cut one."""
    writer = generator(network)
    whole = writer.generate("", seed=seed, max_new_tokens=60)
    session, text, reason = writer.session(seed=seed, stop=stop), "", "stop"
    while reason == "stop" and 0 not in session.snapshot.known_tokens():
        part = session.generate(max_new_tokens=60 - session.snapshot.drawn)
        text, reason = text + part.text, part.finish_reason
    assert text == whole.text


@settings(max_examples=CASES // 4)
@given(st.sampled_from(NETWORKS), FILTERS_ONLY, st.integers(0, 20), st.integers(0, 20))
def test_tokens_of_two_calls_are_those_of_one(
    network: str, chosen: dict[str, Any], first: int, second: int
) -> None:
    once, twice = (generator(network).session(**chosen) for _ in range(2))
    whole = try_to_write(partial(once.generate, max_new_tokens=first + second))
    one = try_to_write(partial(twice.generate, max_new_tokens=first))
    if whole is None or one is None or one.finish_reason == "stop":
        return
    assert whole.tokens == one.tokens + twice.generate(max_new_tokens=second).tokens
    assert once.text == twice.text


@pytest.mark.parametrize("network", ["byte", "bpe", "custom", "packaged"])
def test_likeliest_text_and_one_between_two_are_whole_characters(network: str) -> None:
    writer = generator(network)
    for seed in range(20):
        found = writer.generate("春", beams=3, max_new_tokens=7, seed=seed)
        session = writer.session(seed=seed, max_new_tokens=4, temperature=1.5)
        session.feed("è")
        session.generate()
        before, joined = session.text, session.infill("眠", max_new_tokens=6)
        assert session.text == before + joined.text
        assert BROKEN not in found.text + joined.text
        session.undo(len(joined.tokens))
        assert session.text == before


def test_token_that_cannot_follow_is_drawn_with_no_probability() -> None:
    writer = generator("byte")
    for token in writer.next("a", k=writer.tokenizer.vocab_size, temperature=1.0):
        can_follow = not token.text.startswith(("bytes 8", "bytes 9", "bytes a", "bytes b"))
        assert (token.sampled > 0) == (can_follow and token.text[:8] not in IMPOSSIBLE), token
    sampled = [one.sampled for one in writer.next("a", k=999, temperature=1.0, top_k=5)]
    assert sum(sampled) == pytest.approx(1)


def test_text_that_is_fed_takes_the_place_of_half_a_character() -> None:
    writer = generator("byte")
    biases = tuple((token, 50.0) for token in writer.tokenizer.encode("眠").tolist())
    session = writer.session(seed=1, logit_bias=biases, banned_tokens=(0,))
    for count in range(1, 12):
        before = session.text + session.generate(max_new_tokens=count).text
        assert session.text == before
        session.feed(", e")
        assert session.text == before + ", e"
        assert BROKEN not in before
