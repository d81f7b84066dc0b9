"""The chain applies the filters that are on, in their order, and remembers what was drawn."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textgen.config.generation import SAMPLERS, GenerationConfig
from textgen.sampling.candidates import Candidates
from textgen.sampling.chain import Chain
from textgen.sampling.filters import softmax

TENTHS = np.log([0.1, 0.2, 0.3, 0.4]).tolist()


def make(
    size: int,
    *,
    history: Sequence[int] = (),
    breakers: frozenset[int] = frozenset(),
    chance: Callable[[], float] = lambda: 0.0,
    **settings: object,
) -> Chain:
    """Make a chain of which nothing is on but what the settings say."""
    config = GenerationConfig.from_dict({"temperature": 1.0} | settings)
    return Chain(config, size, history=history, breakers=breakers, chance=chance)


def all_of(logits: list[float]) -> Candidates:
    return Candidates(np.arange(len(logits)), np.array(logits, np.float32))


def kept(logits: list[float], **settings: object) -> list[int]:
    """Return the tokens that the chain leaves of some logits."""
    chain = make(len(logits), **settings)  # type: ignore[arg-type]  # settings of both kinds
    return [int(token) for token in chain.apply(all_of(logits), 0).ids]


def greedy(logits: list[float], count: int, **settings: object) -> list[int]:
    """Return the likeliest tokens after the chain, drawn from the same logits again and again."""
    chain = make(len(logits), **settings)  # type: ignore[arg-type]  # settings of both kinds
    drawn = []
    for position in range(count):
        left = chain.apply(all_of(logits), position)
        drawn.append(int(left.ids[left.logits.argmax()]))
        chain.accept(drawn[-1], left)
    return drawn


def test_without_filters_nothing_changes() -> None:
    candidates = all_of([3, 2, 1])
    assert make(3).apply(candidates, 0) is candidates


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"top_n_sigma": 1.0}, [2, 3]),
        ({"top_k": 2}, [2, 3]),
        ({"typical_p": 0.4}, [1, 2]),
        ({"top_p": 0.8}, [1, 2, 3]),
        ({"min_p": 0.6}, [2, 3]),
        ({"xtc_probability": 1.0, "xtc_threshold": 0.25}, [0, 1, 2]),
        ({"temperature": 0.0}, [3]),
        ({"mirostat": 2, "mirostat_tau": 1.0}, [2, 3]),
    ],
)
def test_every_filter_is_in_the_chain(settings: dict[str, object], expected: list[int]) -> None:
    assert kept(TENTHS, **settings) == expected


def test_filters_are_applied_one_after_the_other_and_temperature_last() -> None:
    assert kept(TENTHS, typical_p=0.4, top_p=0.55) == [2]  # of {1, 2}, 2 has 0.6
    assert kept(TENTHS, typical_p=0.4, min_p=0.7) == [2]  # 1 has two thirds of 2
    assert kept(TENTHS, top_k=3, typical_p=0.32) == [2]  # of three, 2 has 0.33
    assert kept(TENTHS, typical_p=0.32) == [1, 2]  # of four, 0.3
    assert kept(TENTHS, top_p=0.75, temperature=100.0) == [1, 2, 3]
    assert kept(TENTHS, min_p=0.7, temperature=100.0) == [2, 3]


def test_order_is_the_one_that_is_told() -> None:
    after = ("temperature", "min_p")
    assert kept(TENTHS, min_p=0.7, temperature=100.0, samplers=after) == [0, 1, 2, 3]
    assert kept(TENTHS, top_k=3, typical_p=0.32, samplers=("typical_p", "top_k")) == [1, 2]


def test_penalties_come_before_the_filters() -> None:
    assert greedy([3, 2, 1], 1, history=[0], top_k=1, presence_penalty=2.0) == [1]


def test_penalties_follow_what_was_drawn() -> None:
    assert greedy([3, 2, 1], 5, frequency_penalty=2.0) == [0, 1, 0, 2, 1]
    assert greedy([3, 2, 1], 5, frequency_penalty=2.0, repeat_last_n=1) == [0, 1, 0, 1, 0]
    assert greedy([3, 2, 1], 5, presence_penalty=2.0) == [0, 1, 0, 0, 0]
    assert greedy([3, 2, 1], 4, repetition_penalty=4.0) == [0, 1, 2, 0]


def test_penalties_look_at_the_history_as_far_back_as_told() -> None:
    def first(**settings: object) -> int:
        return greedy([3, 2, 1], 1, history=[0, 0, 1], frequency_penalty=2.0, **settings)[0]

    assert first() == first(repeat_last_n=-1) == first(repeat_last_n=3) == 2
    assert first(repeat_last_n=2) == 0


def test_penalties_find_their_tokens_among_those_that_are_left() -> None:
    penalized = {"history": [0, 3, 3], "frequency_penalty": 2.0, "min_p": 0.6}
    assert kept(TENTHS, **penalized, samplers=("min_p", "penalties")) == [2, 3]
    chain = make(4, history=[0, 3, 3], frequency_penalty=2.0)
    left = chain.apply(Candidates(np.array([2, 3]), np.array([1, 9], np.float32)), 0)
    assert left.logits.tolist() == [1, 5]


def test_dry_breaks_a_circle_that_penalties_off_would_run_in() -> None:
    settings: dict[str, object] = {"dry_multiplier": 1.0, "dry_base": 2.0, "dry_allowed_length": 2}
    assert greedy([3, 2, 0], 8) == [0] * 8
    # After 0 0 0, a fourth would go on with 0 0; its penalty of 1 makes it equal to token 1.
    assert greedy([3, 2, 0], 5, **settings) == [0, 0, 0, 0, 1]
    assert greedy([3, 2, 0], 2, history=[0, 0, 0, 0], **settings) == [1, 0]
    assert greedy([3, 2, 0], 8, breakers=frozenset([0]), **settings) == [0] * 8


def test_xtc_asks_for_one_random_number_a_token() -> None:
    numbers = iter([0.6, 0.4, 0.2])
    chain = make(4, xtc_probability=0.5, xtc_threshold=0.25, chance=lambda: next(numbers))
    left = [chain.apply(all_of(TENTHS), position).ids.tolist() for position in range(3)]
    assert left == [[0, 1, 2, 3], [0, 1, 2], [0, 1, 2]]
    assert next(numbers, None) is None


def test_temperature_follows_the_schedule() -> None:
    chain = make(2, temperature_schedule=((0, 2.0), (10, 4.0)))
    spans = [np.ptp(chain.apply(all_of([0, 8]), position).logits) for position in (0, 5, 10, 99)]
    np.testing.assert_allclose(spans, [8 / 2, 8 / 3, 8 / 4, 8 / 4], rtol=1e-6)


def test_dynamic_temperature_moves_the_scheduled_one_by_the_entropy() -> None:
    chain = make(2, temperature_schedule=((0, 2.0), (10, 4.0)), dynatemp_range=1.0)
    sure, unsure = [0.0, 500.0], [0.0, 1e-3]
    assert np.ptp(chain.apply(all_of(sure), 0).logits) == pytest.approx(500 / 1)
    assert np.ptp(chain.apply(all_of(sure), 10).logits) == pytest.approx(500 / 3)
    assert np.ptp(chain.apply(all_of(unsure), 0).logits) == pytest.approx(1e-3 / 3, rel=1e-4)


def test_mirostat_lets_less_pass_after_a_surprise_and_more_after_none() -> None:
    chain = make(4, mirostat=2, mirostat_tau=1.0, mirostat_eta=1.0)
    left = chain.apply(all_of(TENTHS), 0)  # surprises of at most 2 bits
    assert left.ids.tolist() == [2, 3]
    chain.accept(2, left)  # log2(7/3) = 1.22 bits among these two: now at most 1.78
    left = chain.apply(all_of(TENTHS), 1)
    assert left.ids.tolist() == [2, 3]
    chain.accept(2, left)  # 1.56
    left = chain.apply(all_of(TENTHS), 2)
    assert left.ids.tolist() == [3]
    chain.accept(3, left)  # no surprise at all: 2.56
    assert chain.apply(all_of(TENTHS), 3).ids.tolist() == [1, 2, 3]


@given(
    st.lists(st.floats(-30, 30, width=32), min_size=1, max_size=40),
    st.permutations(SAMPLERS),
    st.lists(st.integers(0, 3), max_size=9),
)
def test_any_order_leaves_some_tokens_with_finite_logits(
    logits: list[float], order: list[str], drawn: list[int]
) -> None:
    chain = make(
        max(len(logits), 4),
        history=[0, 1, 0, 1],
        samplers=order,
        repetition_penalty=1.3,
        presence_penalty=0.5,
        dry_multiplier=100.0,
        dry_base=10.0,
        top_n_sigma=1.0,
        top_k=9,
        typical_p=0.9,
        top_p=0.9,
        min_p=0.05,
        xtc_probability=1.0,
        temperature=0.5,
        dynatemp_range=0.5,
        mirostat=2,
    )
    for position in range(len(drawn)):
        left = chain.apply(all_of(logits), position)
        assert len(left.ids) == len(left.logits) > 0
        assert np.isfinite(left.logits).all()
        assert (np.diff(left.ids) > 0).all()
        assert softmax(left.logits).sum() == pytest.approx(1)
        chain.accept(int(left.ids[drawn[position] % len(left.ids)]), left)
