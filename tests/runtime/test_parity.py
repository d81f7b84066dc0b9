"""The runtime computes what Keras computes, whatever the network is."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.seeded_models import seeded_weights
from textgen.config.model import ACTIVATIONS, ModelConfig
from textgen.model.network import LanguageModel
from textgen.runtime.engine.loading import load_engine

SHARES = st.sampled_from([0.0, 0.5])


@st.composite
def configs(draw: st.DrawFn) -> ModelConfig:
    depth = draw(st.integers(1, 4))

    def per_layer(values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
        return st.lists(values, min_size=depth, max_size=depth).map(tuple)

    units = draw(per_layer(st.integers(1, 40)))
    functions = st.sampled_from(ACTIVATIONS)
    return ModelConfig(
        vocab_size=draw(st.integers(2, 60)),
        units=units,
        embedding_size=draw(st.integers(1, 24) | st.just(units[-1])),
        tie_embeddings=draw(st.booleans()),
        activation=draw(st.just(("tanh",)) | per_layer(functions)),
        recurrent_activation=draw(st.just(("sigmoid",)) | per_layer(functions)),
        dropout=draw(SHARES),
        embedding_dropout=draw(st.none() | SHARES),
        recurrent_dropout=draw(SHARES),
    )


def assert_parity(config: ModelConfig, weights: dict[str, Any], steps: int, seed: int) -> None:
    """Feed both the same tokens, the runtime one by one; compare logits and last states."""
    model = LanguageModel(config)
    model.load_named_weights(weights)
    decoder = load_engine(config, weights)
    tokens = np.random.default_rng(seed).integers(0, config.vocab_size, steps)
    expected, keras_state = model(tokens[None], return_state=True)
    state, rows = decoder.initial_state(), []
    for token in tokens:
        logits, state = decoder.step([int(token)], state)
        rows.append(logits[0])
    flat = [np.array(array) for pair in keras_state for array in pair]
    pairs = [(np.array(rows), np.array(expected)[0])]
    pairs += list(zip(state, flat, strict=True))
    for ours, theirs in pairs:
        largest = max(np.abs(theirs).max(), 1e-3)  # a relu may be silent throughout
        assert largest < 1e6
        np.testing.assert_allclose(ours / largest, theirs / largest, atol=5e-5)


@settings(max_examples=20, deadline=None)
@given(configs(), st.integers(0, 2**32 - 1))
def test_logits_and_state_are_those_of_keras(config: ModelConfig, seed: int) -> None:
    weights = seeded_weights(config, seed)
    steps = 200
    if (set(config.activation), set(config.recurrent_activation)) != ({"tanh"}, {"sigmoid"}):
        steps = 10  # other states may grow, or be chaotic; smaller weights keep them in bounds
        for name in weights:
            weights[name] *= np.float32(0.1 if name.startswith("lstm") else 1)
    assert_parity(config, weights, steps, seed)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_is_that_of_keras_in_cell_and_gates(name: str) -> None:
    config = ModelConfig(
        vocab_size=30,
        embedding_size=5,
        units=(6, 6),
        activation=(name, "tanh"),
        recurrent_activation=("sigmoid", name),
    )
    weights = seeded_weights(config)
    weights["embedding.embeddings"] *= 5  # into the bends on both sides
    assert_parity(config, weights, 12, 0)


@pytest.mark.parametrize("tie_embeddings", [False, True])
def test_logits_far_from_zero_are_those_of_keras_over_200_steps(tie_embeddings: bool) -> None:
    config = ModelConfig(
        vocab_size=50, embedding_size=12, units=(32, 32), tie_embeddings=tie_embeddings
    )
    weights = seeded_weights(config)
    weights["projection.kernel" if tie_embeddings else "logits.kernel"] *= 10
    assert_parity(config, weights, 200, 0)
