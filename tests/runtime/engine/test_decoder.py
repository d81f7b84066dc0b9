"""However tokens are fed, the model sees the same text."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.seeded_models import seeded_weights
from textgen.config.model import PRECISIONS, ModelConfig
from textgen.generator import TextGenerator
from textgen.runtime.engine import prefill as prefill_module
from textgen.runtime.engine.engine import Engine
from textgen.runtime.engine.loading import load_engine
from textgen.runtime.engine.state import State


def stepped(decoder: Engine, tokens: list[int]) -> tuple[np.ndarray, State]:
    state, rows = decoder.initial_state(), []
    for token in tokens:
        logits, state = decoder.step([token], state)
        rows.append(logits[0])
    return np.array(rows), state


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 257), min_size=1, max_size=40))
def test_sequence_at_once_is_token_by_token(generator: TextGenerator, tokens: list[int]) -> None:
    decoder = generator.decoder
    rows, state = stepped(decoder, tokens)
    scored, scored_state = decoder.score(np.array(tokens), decoder.initial_state())
    read_state = decoder.prefill(np.array(tokens), decoder.initial_state())
    np.testing.assert_allclose(scored, rows, atol=1e-5)
    for one, other, third in zip(state, scored_state, read_state, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
        np.testing.assert_allclose(one, third, atol=1e-5)


def test_blocks_of_a_long_prompt_carry_the_state(
    generator: TextGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = np.arange(100) % 200
    whole = generator.decoder.prefill(tokens, generator.decoder.initial_state())
    monkeypatch.setattr(prefill_module, "BLOCK", 7)
    in_blocks = generator.decoder.prefill(tokens, generator.decoder.initial_state())
    for one, other in zip(in_blocks, whole, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(
    streams=st.integers(1, 70),
    units=st.integers(1, 40),
    vocab_size=st.integers(2, 70),
    precision=st.sampled_from(PRECISIONS),
    tie_embeddings=st.booleans(),
    threads=st.integers(1, 2),
)
def test_a_stream_has_the_same_bits_alone_and_among_others(
    streams: int,
    units: int,
    vocab_size: int,
    precision: str,
    tie_embeddings: bool,
    threads: int,
) -> None:
    config = ModelConfig(
        vocab_size=vocab_size, embedding_size=9, units=(units, 7), tie_embeddings=tie_embeddings
    )
    weights = seeded_weights(config, seed=units)
    decoder = load_engine(config, weights, precision=precision, threads=threads)
    columns = np.random.default_rng(streams).integers(0, vocab_size, (5, streams))
    state, rows = decoder.initial_state(streams), []
    for tokens in columns:
        logits, state = decoder.step(tokens, state)
        rows.append(logits)
    for stream in {0, streams // 2, streams - 1}:
        alone, own_state = stepped(decoder, columns[:, stream].tolist())
        np.testing.assert_array_equal(np.array(rows)[:, stream], alone)
        for one, other in zip(own_state, state, strict=True):
            np.testing.assert_array_equal(one[0], other[stream])


@pytest.mark.parametrize("vocab_size", [50, 20_000])  # with a table of the first inputs, without
def test_int8_is_close_to_fp32(vocab_size: int) -> None:
    config = ModelConfig(vocab_size=vocab_size, embedding_size=24, units=(64, 64))
    weights = seeded_weights(config, scale=0.2)
    tokens = np.random.default_rng(0).integers(0, vocab_size, 30)
    exact, eight = (load_engine(config, weights, precision=name) for name in ("fp32", "int8"))
    logits, _ = exact.score(tokens, exact.initial_state())
    size = np.abs(logits).max()
    for close in (
        eight.score(tokens, eight.initial_state())[0],
        stepped(eight, tokens.tolist())[0],
    ):
        np.testing.assert_allclose(close / size, logits / size, atol=0.03)
        assert not np.array_equal(close, logits)


def test_state_passed_in_is_not_changed(generator: TextGenerator) -> None:
    _, state = generator.decoder.step([65], generator.decoder.initial_state())
    before = [array.copy() for array in state]
    generator.decoder.step([66], state)
    for kept, now in zip(before, state, strict=True):
        np.testing.assert_array_equal(kept, now)
