"""However tokens are fed, the model sees the same text."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textgen.generator import TextGenerator
from textgen.runtime import decoder as decoder_module
from textgen.runtime.decoder import Decoder, State


def stepped(decoder: Decoder, tokens: list[int]) -> tuple[np.ndarray, State]:
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
    last, read_state = decoder.read(np.array(tokens), decoder.initial_state())
    np.testing.assert_allclose(scored, rows, atol=1e-5)
    np.testing.assert_allclose(last, rows[-1], atol=1e-5)
    for one, other, third in zip(state, scored_state, read_state, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
        np.testing.assert_allclose(one, third, atol=1e-5)


def test_blocks_of_a_long_prompt_carry_the_state(
    generator: TextGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = np.arange(100) % 200
    whole, _ = generator.decoder.read(tokens, generator.decoder.initial_state())
    monkeypatch.setattr(decoder_module, "BLOCK", 7)
    in_blocks, _ = generator.decoder.read(tokens, generator.decoder.initial_state())
    np.testing.assert_allclose(in_blocks, whole, atol=1e-5)


def test_streams_side_by_side_do_not_mix(generator: TextGenerator) -> None:
    decoder = generator.decoder
    columns = np.random.default_rng(0).integers(0, 257, (20, 3))
    state, rows = decoder.initial_state(3), []
    for tokens in columns:
        logits, state = decoder.step(tokens, state)
        rows.append(logits)
    for stream in range(3):
        alone, _ = stepped(decoder, columns[:, stream].tolist())
        np.testing.assert_allclose(np.array(rows)[:, stream], alone, atol=1e-5)


def test_state_passed_in_is_not_changed(generator: TextGenerator) -> None:
    _, state = generator.decoder.step([65], generator.decoder.initial_state())
    before = [array.copy() for array in state]
    generator.decoder.step([66], state)
    for kept, now in zip(before, state, strict=True):
        np.testing.assert_array_equal(kept, now)
