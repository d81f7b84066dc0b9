"""Top-k and top-p give the probabilities from which keras_nlp's samplers draw.

Those samplers hand over no probabilities, so their last call, to `keras.random.categorical`, is
listened to. Ties are left out: their top-k keeps exactly k tokens, ours all that are as likely.
"""

from typing import Any

import numpy as np
import pytest

from textgen.sampling.filters import apply_top_k, apply_top_p, softmax

pytestmark = [pytest.mark.slow, pytest.mark.needs("train")]

SIZES = (3, 17, 258, 4096)


def drawn_from(sampler: Any, logits: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the probabilities from which a sampler draws, the largest first."""
    import keras

    heard: list[Any] = []

    def categorical(log_probabilities: Any, *arguments: Any, **options: Any) -> Any:
        heard.append(np.exp(np.asarray(log_probabilities, np.float64)[0]))
        return keras.ops.zeros((1, 1), "int32")

    with monkeypatch.context() as patched:
        patched.setattr(keras.random, "categorical", categorical)
        sampler.get_next_token(sampler.compute_probabilities(keras.ops.convert_to_tensor([logits])))
    (weights,) = heard
    return np.sort(weights[weights > 0])[::-1] / weights.sum()


def rows() -> list[Any]:
    generator = np.random.default_rng(1)
    return [
        (spread * generator.standard_normal(size)).astype(np.float32)
        for size in SIZES
        for spread in (0.3, 1.0, 3.0)
    ]


def largest_first(logits: Any) -> Any:
    probabilities = softmax(logits)
    return np.sort(probabilities[probabilities > 0])[::-1]


@pytest.mark.parametrize("k", [1, 2, 3, 40])
def test_top_k(k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    import keras_nlp

    for logits in rows():
        sampler = keras_nlp.samplers.TopKSampler(k=min(k, len(logits)))
        np.testing.assert_allclose(
            largest_first(apply_top_k(logits, k)),
            drawn_from(sampler, logits, monkeypatch),
            rtol=1e-5,
        )


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9, 0.99])
def test_top_p(p: float, monkeypatch: pytest.MonkeyPatch) -> None:
    import keras_nlp

    for logits in rows():
        np.testing.assert_allclose(
            largest_first(apply_top_p(logits, p)),
            drawn_from(keras_nlp.samplers.TopPSampler(p=p), logits, monkeypatch),
            rtol=1e-5,
        )
