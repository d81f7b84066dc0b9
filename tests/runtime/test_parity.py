"""The runtime computes what Keras computes."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import random_weights
from textgen.config.model import ModelConfig
from textgen.model.network import LanguageModel, set_weights
from textgen.runtime.decoder import Decoder

STEPS = 200


@settings(max_examples=12, deadline=None)
@given(
    units=st.lists(st.integers(1, 40), min_size=1, max_size=4),
    embedding_size=st.integers(1, 24),
    vocab_size=st.integers(2, 60),
    seed=st.integers(0, 2**32 - 1),
)
def test_logits_equal_those_of_keras_over_200_steps_of_carried_state(
    units: list[int], embedding_size: int, vocab_size: int, seed: int
) -> None:
    config = ModelConfig(vocab_size=vocab_size, embedding_size=embedding_size, units=tuple(units))
    weights = random_weights(config, seed)
    model = LanguageModel(config)
    set_weights(model, weights)
    tokens = np.random.default_rng(seed).integers(0, vocab_size, STEPS)
    # Scaled so that the logits exceed 5, where small errors in the state would show.
    largest = np.float32(np.abs(model(tokens[None])).max())
    for name in ("logits.kernel", "logits.bias"):
        weights[name] *= 8 / largest
    set_weights(model, weights)
    decoder = Decoder(config, weights)

    expected, keras_state = model(tokens[None], return_state=True)
    state = decoder.initial_state()
    rows = []
    for token in tokens:
        logits, state = decoder.step([int(token)], state)
        rows.append(logits[0])
    assert np.abs(rows).max() > 5
    np.testing.assert_allclose(np.array(rows), np.array(expected)[0], atol=1e-4)
    flat = [np.array(array) for pair in keras_state for array in pair]
    for ours, theirs in zip(state, flat, strict=True):
        np.testing.assert_allclose(ours[0], theirs, atol=1e-4)
