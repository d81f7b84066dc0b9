"""The sampler draws what its settings, biases, hooks and constraint leave, and nothing else."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textgen.config.generation import GenerationConfig
from textgen.config.tokens import EOS_ID
from textgen.errors import DataError, UsageError
from textgen.sampling.backend import SamplingBackend
from textgen.sampling.filters import softmax
from textgen.sampling.sampler import Sampler
from textgen.sampling.user_processors import LogitsProcessor

LOGITS = np.array([1.0, 3.0, 2.5, 0.5, -1.0, 2.0], np.float32)
PLAIN: dict[str, Any] = {"temperature": 1.0}


def sampler(
    *,
    seed: int = 0,
    biases: Any = (),
    history: Any = (),
    logits_processors: Any = (),
    constraint: Any = None,
    **settings: Any,
) -> Sampler:
    return Sampler(
        GenerationConfig(**PLAIN | settings),
        len(LOGITS),
        seed=seed,
        biases=biases,
        history=history,
        logits_processors=logits_processors,
        constraint=constraint,
    )


def drawn(one: Sampler, count: int) -> list[int]:
    return [one.draw(LOGITS) for _ in range(count)]


class Alternating:
    """A constraint: odd tokens and even ones, in turn."""

    def __init__(self) -> None:
        self.accepted: list[int] = []

    def allowed(self) -> np.ndarray:
        wanted = (len(self.accepted) + 1) % 2
        return np.array([token % 2 == wanted for token in range(len(LOGITS))])

    def accept(self, token: int) -> bool:
        self.accepted.append(token)
        return True


class Reluctant(Alternating):
    """One that finds only when 1 is drawn that it leads nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self.refused = False

    def allowed(self) -> np.ndarray:
        return np.array([token != 1 or not self.refused for token in range(len(LOGITS))])

    def accept(self, token: int) -> bool:
        self.refused = token == 1
        return not self.refused and super().accept(token)


def test_tokens_are_drawn_as_often_as_their_probability_says() -> None:
    shares = np.bincount(drawn(sampler(), 6000), minlength=6) / 6000
    np.testing.assert_allclose(shares, softmax(LOGITS), atol=0.02)
    np.testing.assert_allclose(sampler().probabilities(LOGITS), softmax(LOGITS))


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))
def test_draws_are_a_function_of_the_seed(seed: int, other: int) -> None:
    first = drawn(sampler(seed=seed), 40)
    assert first == drawn(sampler(seed=seed), 40)
    if seed != other:
        assert first != drawn(sampler(seed=other), 40)


def test_draw_does_not_depend_on_what_was_drawn_before() -> None:
    one, other = sampler(), sampler()
    one.draw(LOGITS)
    other.draw(LOGITS[::-1])
    assert drawn(one, 30) == drawn(other, 30)


def test_filters_that_cut_nothing_away_change_no_draw() -> None:
    plain = drawn(sampler(), 100)
    for chosen in ({"top_k": 6}, {"top_p": 1 - 1e-12}, {"typical_p": 1 - 1e-12}, {"min_p": 1e-9}):
        assert drawn(sampler(**chosen), 100) == plain


def test_biases_of_a_token_add_up_and_bans_are_final() -> None:
    biased = sampler(biases=[(4, 5.0), (4, 3.0), (1, 100.0), (1, -math.inf), (2, 0.5)])
    np.testing.assert_array_equal(
        biased.biased(LOGITS), LOGITS + np.array([0, -np.inf, 0.5, 0, 8.0, 0], np.float32)
    )
    assert 1 not in drawn(biased, 500)


def test_biases_come_before_the_filters() -> None:
    assert set(drawn(sampler(biases=[(4, 50.0)], top_k=1), 50)) == {4}


def test_end_is_not_drawn_before_its_time() -> None:
    eager = sampler(min_new_tokens=30, biases=[(EOS_ID, 50.0)], min_p=0.5)
    tokens = drawn(eager, 31)
    assert EOS_ID not in tokens[:30]
    assert tokens[30] == EOS_ID
    # Without the end's overwhelming logit, the filter sees those of the others.
    assert set(tokens[:30]) == {1, 2}


def test_bans_may_not_leave_the_end_alone_where_it_may_not_come() -> None:
    bans = [(token, -math.inf) for token in range(1, 6)]
    assert sampler(biases=bans).draw(LOGITS) == EOS_ID
    with pytest.raises(UsageError, match="min_new_tokens forbids"):
        sampler(biases=bans, min_new_tokens=1)


def test_hooks_see_prompt_and_new_tokens_and_logits_of_their_own() -> None:
    seen: list[list[int]] = []

    def spoil(tokens: np.ndarray, logits: np.ndarray) -> np.ndarray:
        seen.append(tokens.tolist())
        tokens[:] = 9
        logits[:] = 0
        return LOGITS

    def keep(tokens: np.ndarray, logits: np.ndarray) -> np.ndarray:
        assert tokens.tolist() == seen[-1]
        assert tokens.dtype == np.int64
        np.testing.assert_array_equal(logits, LOGITS)
        return logits

    given_logits = LOGITS.copy()
    one = sampler(history=[3, 5], logits_processors=[spoil, keep])
    tokens = [one.draw(given_logits) for _ in range(5)]
    assert seen == [[3, 5, *tokens[:n]] for n in range(5)]
    np.testing.assert_array_equal(given_logits, LOGITS)
    assert tokens == drawn(sampler(), 5)


def test_hooks_work_in_order_between_biases_and_filters() -> None:
    def double(tokens: np.ndarray, logits: np.ndarray) -> np.ndarray:
        return 2 * logits

    def ban_largest(tokens: np.ndarray, logits: np.ndarray) -> list[float]:
        return [-math.inf if logit == logits.max() else float(logit) for logit in logits]

    one = sampler(biases=[(3, 1.5)], logits_processors=[double, ban_largest], top_k=2)
    candidates = one.filter(LOGITS)
    assert candidates.ids.tolist() == [2, 3, 5]  # 5, 4 and 4, the tie stays; 6 is banned
    np.testing.assert_array_equal(candidates.logits, [5.0, 4.0, 4.0])


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (np.zeros(5), "logits processor strange returned the shape (5,); it must be (6,)"),
        (np.zeros((1, 6)), "logits processor strange returned the shape (1, 6); it must be (6,)"),
        (np.where(LOGITS > 2, np.nan, LOGITS), "logits processor strange returned NaN or infinity"),
        (np.where(LOGITS > 2, np.inf, LOGITS), "logits processor strange returned NaN or infinity"),
        (["a"] * 6, "logits processor strange failed: ValueError"),
        (object(), "logits processor strange failed: TypeError"),
    ],
)
def test_hook_that_returns_nonsense_is_named_in_one_line(result: Any, error: str) -> None:
    def strange(tokens: np.ndarray, logits: np.ndarray) -> Any:
        return result

    with pytest.raises(UsageError) as caught:
        sampler(logits_processors=[strange]).draw(LOGITS)
    assert str(caught.value).startswith(error)
    assert "\n" not in str(caught.value)


def test_hook_that_raises_is_named_and_its_error_kept() -> None:
    class Careless:
        def __call__(self, tokens: np.ndarray, logits: np.ndarray) -> np.ndarray:
            raise RuntimeError("a\nlong\n  story")

    with pytest.raises(UsageError) as caught:
        sampler(logits_processors=[Careless()]).draw(LOGITS)
    assert str(caught.value) == "logits processor Careless failed: RuntimeError: a long story"
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_interruption_within_a_hook_is_none_of_its_errors() -> None:
    def interrupted(tokens: np.ndarray, logits: np.ndarray) -> np.ndarray:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sampler(logits_processors=[interrupted]).draw(LOGITS)


def test_nothing_left_to_choose_from_is_bad_data() -> None:
    def ban_all(tokens: np.ndarray, logits: np.ndarray) -> np.ndarray:
        return np.full_like(logits, -np.inf)

    with pytest.raises(DataError, match="no token is left"):
        sampler(logits_processors=[ban_all]).draw(LOGITS)


def test_constraint_is_asked_for_each_token_and_told_it() -> None:
    rule = Alternating()
    tokens = drawn(sampler(constraint=rule), 50)
    assert [token % 2 for token in tokens] == [1, 0] * 25
    assert rule.accepted == tokens


def test_token_that_the_constraint_takes_back_is_drawn_anew() -> None:
    rule = Reluctant()
    tokens = drawn(sampler(constraint=rule), 50)
    assert rule.accepted == tokens
    others = [token for token in drawn(sampler(), 50) if token != 1]
    assert set(others) <= set(tokens) <= {0, 2, 3, 4, 5}
    assert drawn(sampler(biases=[(1, -math.inf)]), 50) == tokens


def test_greedy_draws_take_the_lowest_of_the_likeliest() -> None:
    ties = np.array([0.0, 2.0, 1.0, 2.0, 2.0, -1.0], np.float32)
    for temperature in (0.0, 1e-300, 1e-60):  # as 32-bit floats, 0 all of them
        assert sampler(temperature=temperature, seed=3).draw(ties) == 1
    tiny = {sampler(temperature=1e-30, seed=seed).draw(ties) for seed in range(40)}
    assert tiny == {1, 3, 4}


def test_xtc_counts_as_often_as_its_probability_says() -> None:
    chosen: dict[str, Any] = {"xtc_probability": 0.25, "xtc_threshold": 0.2}
    shares = np.bincount(drawn(sampler(**chosen), 6000), minlength=6) / 6000
    expected = sampler(**chosen).probabilities(LOGITS)
    np.testing.assert_allclose(shares, expected, atol=0.02)
    assert expected[1] == pytest.approx(0.75 * softmax(LOGITS)[1])


@given(
    least=st.integers(0, 50),
    before=st.lists(st.integers(1, 9), max_size=6),
    most=st.integers(1, 40),
)
def test_plan_holds_only_steps_in_which_the_end_is_banned_or_not(
    least: int, before: list[int], most: int
) -> None:
    one = sampler(min_new_tokens=least)
    for steps in before:
        one.plan(one.steps_alike(steps))
    first, steps = one.position, one.steps_alike(most)
    assert 1 <= steps <= most
    assert (first < least) == (first + steps - 1 < least)
    assert np.isneginf(one.plan(steps).bias[EOS_ID]) == (first < least)


def test_plan_has_the_temperature_of_each_token() -> None:
    one = sampler(temperature_schedule=((1, 1.0), (3, 2.0)))
    assert one.plan(2).temperature.tolist() == [1.0, 1.0]
    assert one.plan(3).temperature.tolist() == [1.5, 2.0, 2.0]


@pytest.mark.parametrize(
    ("settings", "hooks", "backend"),
    [
        ({}, (), SamplingBackend.SIMPLE_GRAPH),
        ({"top_k": 3, "min_p": 0.1, "temperature": 0.5}, (), SamplingBackend.SIMPLE_GRAPH),
        ({"samplers": ("temperature", "top_k")}, (), SamplingBackend.SIMPLE_GRAPH),  # top-k is off
        (
            {"samplers": ("temperature", "top_k"), "top_k": 3, "temperature": 0.5},
            (),
            SamplingBackend.PYTHON,
        ),
        ({"temperature_schedule": ((0, 1.0), (9, 2.0))}, (), SamplingBackend.SIMPLE_GRAPH),
        ({"dynatemp_range": 0.1}, (), SamplingBackend.PYTHON),
        ({"top_p": 0.9, "presence_penalty": 0.5}, (), SamplingBackend.GRAPH),
        (
            {"top_p": 0.9, "top_k": 3, "samplers": ("top_p", "top_k", "temperature")},
            (),
            SamplingBackend.PYTHON,
        ),
        ({"typical_p": 0.9}, (), SamplingBackend.PYTHON),
        ({"beams": 2}, (), SamplingBackend.PYTHON),
        ({}, (lambda tokens, logits: logits,), SamplingBackend.PYTHON),
    ],
)
def test_graph_draws_where_nothing_needs_python(
    settings: dict[str, Any], hooks: tuple[LogitsProcessor, ...], backend: SamplingBackend
) -> None:
    assert sampler(logits_processors=hooks, **settings).backend is backend
