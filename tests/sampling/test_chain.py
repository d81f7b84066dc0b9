"""Draws follow the filtered distribution, and a seed fixes them."""

from collections.abc import Sequence

import numpy as np

from textgen.config.generation import GenerationConfig
from textgen.sampling.chain import Sampler

Biases = Sequence[tuple[int, float]]

FOUR = np.log(np.array([0.1, 0.2, 0.3, 0.4])).astype(np.float32)


def draws(count: int = 4000, *, seed: int = 1, **settings: object) -> list[int]:
    config = GenerationConfig.from_dict({"temperature": 1.0} | settings)
    sampler = Sampler(config, 4, seed=seed)
    return [sampler.draw(FOUR) for _ in range(count)]


def kept(logits: list[float], *, biases: Biases = (), **settings: object) -> list[int]:
    """Return the tokens that the chain leaves of some logits."""
    config = GenerationConfig.from_dict({"temperature": 1.0} | settings)
    sampler = Sampler(config, len(logits), seed=0, biases=biases)
    return np.flatnonzero(np.isfinite(sampler.filter(np.array(logits, np.float32)))).tolist()


def greedy(
    logits: list[float], count: int, *, history: Sequence[int] = (), **settings: object
) -> list[int]:
    """Return tokens drawn without chance from the same logits again and again."""
    config = GenerationConfig.from_dict({"temperature": 0.0} | settings)
    sampler = Sampler(config, len(logits), seed=0, history=history)
    return [sampler.draw(np.array(logits, np.float32)) for _ in range(count)]


def test_draws_have_the_probabilities_of_the_logits() -> None:
    shares = np.bincount(draws(20_000), minlength=4) / 20_000
    np.testing.assert_allclose(shares, [0.1, 0.2, 0.3, 0.4], atol=0.015)


def test_filtered_tokens_are_never_drawn() -> None:
    assert set(draws(top_k=2)) == {2, 3}
    assert set(draws(top_p=0.8)) == {1, 2, 3}
    assert set(draws(min_p=0.6)) == {2, 3}
    assert set(draws(typical_p=0.4)) == {1, 2}
    assert set(draws(temperature=0.0)) == {3}


def test_a_seed_gives_these_very_draws_on_every_version() -> None:
    assert draws(12, seed=7) == [3, 1, 2, 2, 0, 3, 1, 3, 0, 3, 3, 2]


def test_largest_random_number_draws_a_token_that_is_possible() -> None:
    class Largest:
        def random_raw(self) -> int:
            return 2**64 - 1

    for size in range(1, 200):
        sampler = Sampler(GenerationConfig(temperature=1.0), size + 2, seed=0)
        sampler._generator = Largest()  # type: ignore[assignment]  # stands in for Philox
        logits = np.append(np.sin(np.arange(size)), [-np.inf, -np.inf]).astype(np.float32)
        assert 0 <= sampler.draw(logits) < size


def test_seeds_give_different_draws() -> None:
    assert draws(50, seed=1) == draws(50, seed=1)
    assert draws(50, seed=1) != draws(50, seed=2)
    assert draws(5, seed=2**63 - 1)
    assert draws(5, seed=0)


def test_bias_and_penalties_come_before_the_filters() -> None:
    assert kept([3, 2, 1], top_k=1) == [0]
    assert kept([3, 2, 1], top_k=1, biases=[(2, 5.0)]) == [2]
    assert kept([3, 2, 1], top_k=1, biases=[(0, -np.inf)]) == [1]
    assert greedy([3, 2, 1], 1, history=[0], top_k=1, presence_penalty=2.0) == [1]


def test_filters_are_applied_one_after_the_other_and_temperature_last() -> None:
    tenths = np.log([0.1, 0.2, 0.3, 0.4]).tolist()
    assert kept(tenths, typical_p=0.4, top_p=0.55) == [2]  # of {1, 2}, 2 has 0.6
    assert kept(tenths, typical_p=0.4, min_p=0.7) == [2]  # 1 has two thirds of 2
    assert kept(tenths, top_k=3, typical_p=0.32) == [2]  # of three, 2 has 0.33
    assert kept(tenths, typical_p=0.32) == [1, 2]  # of four, 0.3
    assert kept(tenths, top_p=0.75, temperature=100.0) == [1, 2, 3]
    assert kept(tenths, min_p=0.7, temperature=100.0) == [2, 3]


def test_penalties_follow_what_was_drawn() -> None:
    assert greedy([3, 2, 1], 5, frequency_penalty=2.0) == [0, 1, 0, 2, 1]
    assert greedy([3, 2, 1], 5, frequency_penalty=2.0, repeat_last_n=1) == [0, 1, 0, 1, 0]
    assert greedy([3, 2, 1], 5, presence_penalty=2.0) == [0, 1, 0, 0, 0]
    assert greedy([3, 2, 1], 4, repetition_penalty=4.0) == [0, 1, 2, 0]


def test_penalties_look_at_the_history_as_far_back_as_told() -> None:
    def first(**settings: object) -> int:
        return greedy([3, 2, 1], 1, history=[0, 0, 1], frequency_penalty=2.0, **settings)[0]

    assert first() == first(repeat_last_n=-1) == first(repeat_last_n=3) == 2
    assert first(repeat_last_n=2) == first(repeat_last_n=0) == 0
