"""Our filters are those of Hugging Face's `transformers`, where it has the same filter.

Logits are random doubles, of which no two are equal and none is at a border. At a tie the
libraries differ on purpose: our top-p keeps all tokens as likely as the one that crosses p, theirs
those that a sort puts first; top-k, min-p and typical-p keep ties in both.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from textgen.sampling.filters import (
    apply_min_p,
    apply_temperature,
    apply_top_k,
    apply_top_p,
    apply_typical_p,
)
from textgen.sampling.penalties import apply_logit_bias, apply_repetition_penalty

REASON = "torch and transformers are in no lock; 'pip install torch transformers' for these tests"
torch = pytest.importorskip("torch", reason=REASON)
transformers = pytest.importorskip("transformers", reason=REASON)

pytestmark = pytest.mark.slow

SIZES = (1, 2, 3, 17, 258, 32_000)
SPREADS = (0.1, 1.0, 3.0, 10.0)  # from nearly even distributions to nearly certain ones
SHARES = (0.01, 0.1, 0.3, 0.5, 0.8, 0.9, 0.95, 0.999)


def rows() -> Iterator[Any]:
    """Yield logits of many sizes and spreads, as float64 so that borders are sharp in both."""
    generator = np.random.default_rng(1)
    for size in SIZES:
        for spread in SPREADS:
            for _ in range(5):
                yield spread * generator.standard_normal(size)


def theirs(processor: Any, logits: Any, tokens: Any = (0,)) -> Any:
    """Return what a processor makes of logits after some tokens."""
    scores = processor(torch.tensor([list(tokens)]), torch.tensor(logits[None]))
    return scores[0].numpy()


@pytest.mark.parametrize("k", [1, 2, 5, 40, 1000])
def test_top_k(k: int) -> None:
    for logits in rows():
        np.testing.assert_array_equal(
            apply_top_k(logits, k), theirs(transformers.TopKLogitsWarper(k), logits)
        )


@pytest.mark.parametrize("p", SHARES)
def test_top_p(p: float) -> None:
    for logits in rows():
        np.testing.assert_array_equal(
            apply_top_p(logits, p), theirs(transformers.TopPLogitsWarper(p), logits)
        )


@pytest.mark.parametrize("p", [0.0, *SHARES, 1.0])
def test_min_p(p: float) -> None:
    for logits in rows():
        np.testing.assert_array_equal(
            apply_min_p(logits, p), theirs(transformers.MinPLogitsWarper(p), logits)
        )


@pytest.mark.parametrize("p", SHARES)
def test_typical_p(p: float) -> None:
    for logits in rows():
        np.testing.assert_array_equal(
            apply_typical_p(logits, p), theirs(transformers.TypicalLogitsWarper(p), logits)
        )


@pytest.mark.parametrize("temperature", [0.1, 0.8, 1.0, 2.5])
def test_temperature_but_for_a_constant(temperature: float) -> None:
    for logits in rows():
        ours = apply_temperature(logits, temperature)
        expected = theirs(transformers.TemperatureLogitsWarper(temperature), logits)
        # Our temperature is a number in single precision.
        np.testing.assert_allclose(ours - ours.max(), expected - expected.max(), 1e-7, 1e-9)


@pytest.mark.parametrize("penalty", [0.5, 1.0, 1.2, 10.0])
def test_repetition_penalty(penalty: float) -> None:
    generator = np.random.default_rng(2)
    for logits in rows():
        tokens = generator.integers(len(logits), size=64)
        processor = transformers.RepetitionPenaltyLogitsProcessor(penalty)
        np.testing.assert_array_equal(
            apply_repetition_penalty(logits, np.unique(tokens), penalty),
            theirs(processor, logits, tokens),
        )


def test_logit_bias_and_bans() -> None:
    generator = np.random.default_rng(3)
    for logits in rows():
        tokens = generator.choice(len(logits), size=max(len(logits) // 2, 1), replace=False)
        biases = generator.standard_normal(len(tokens)).astype(np.float32)
        pairs = {(int(t),): float(bias) for t, bias in zip(tokens, biases, strict=True)}
        biased = transformers.SequenceBiasLogitsProcessor(sequence_bias=pairs)
        np.testing.assert_array_equal(
            apply_logit_bias(logits, tokens, biases), theirs(biased, logits)
        )
        banned = transformers.NoBadWordsLogitsProcessor([[int(token)] for token in tokens])
        never = np.full(len(tokens), -np.inf, np.float32)
        np.testing.assert_array_equal(
            apply_logit_bias(logits, tokens, never), theirs(banned, logits)
        )
