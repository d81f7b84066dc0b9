"""Draws follow the filtered distribution, and a seed fixes them."""

import numpy as np

from textgen.config.generation import GenerationConfig
from textgen.sampling.chain import Sampler

FOUR = np.log(np.array([0.1, 0.2, 0.3, 0.4])).astype(np.float32)


def draws(count: int = 4000, *, seed: int = 1, **settings: object) -> list[int]:
    config = GenerationConfig.from_dict({"temperature": 1.0} | settings)
    sampler = Sampler(config, seed=seed)
    return [sampler.draw(FOUR) for _ in range(count)]


def test_draws_have_the_probabilities_of_the_logits() -> None:
    shares = np.bincount(draws(20_000), minlength=4) / 20_000
    np.testing.assert_allclose(shares, [0.1, 0.2, 0.3, 0.4], atol=0.015)


def test_filtered_tokens_are_never_drawn() -> None:
    assert set(draws(top_k=2)) == {2, 3}
    assert set(draws(top_p=0.8)) == {1, 2, 3}
    assert set(draws(temperature=0.0)) == {3}


def test_a_seed_gives_these_very_draws_on_every_version() -> None:
    assert draws(12, seed=7) == [3, 1, 2, 2, 0, 3, 1, 3, 0, 3, 3, 2]


def test_largest_random_number_draws_a_token_that_is_possible() -> None:
    class Largest:
        def random_raw(self) -> int:
            return 2**64 - 1

    sampler = Sampler(GenerationConfig(temperature=1.0), seed=0)
    sampler._generator = Largest()  # type: ignore[assignment]  # stands in for Philox
    for size in range(1, 200):
        logits = np.append(np.sin(np.arange(size)), [-np.inf, -np.inf]).astype(np.float32)
        assert 0 <= sampler.draw(logits) < size


def test_seeds_give_different_draws() -> None:
    assert draws(50, seed=1) == draws(50, seed=1)
    assert draws(50, seed=1) != draws(50, seed=2)
    assert draws(5, seed=2**63 - 1)
    assert draws(5, seed=0)
