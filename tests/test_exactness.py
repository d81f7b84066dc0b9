"""A text is a function of model, settings, prompt and seed: nothing beside it changes a bit."""

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.any_settings import ANY_SETTINGS, PROMPTS
from tests.seeded_models import seeded_weights
from textgen.artifact.model_folder import Model
from textgen.config.model import ACTIVATIONS, PRECISIONS, ModelConfig
from textgen.generator import TextGenerator
from textgen.runtime.generation import scheduler
from textgen.runtime.generation.prompts import Row
from textgen.runtime.generation.result import Generation

BAD_ROWS: tuple[Any, ...] = (
    {"prompt": "a\udcff"},
    {"prompt": 3},
    None,
    {"temparature": 1.0},
    {"banned_tokens": ["whale"]},
    {"max_new_tokens": 1, "min_new_tokens": 2},
)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """Return a prompt with any settings, and now and then one that cannot be."""
    if draw(st.integers(0, 9)) == 0:
        bad: Row = draw(st.sampled_from(BAD_ROWS))
        return bad
    return {"prompt": draw(PROMPTS), "max_new_tokens": 40, **draw(ANY_SETTINGS)}


@pytest.fixture(scope="module")
def generators(model: Model) -> dict[tuple[str, int], TextGenerator]:
    """Generators by precision and threads."""
    return {
        (precision, threads): TextGenerator(model, precision=precision, threads=threads)
        for precision in PRECISIONS
        for threads in (1, 2)
    }


def picky(tokens: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """A hook that changes the logits by what it sees, and fails now and then."""
    if len(tokens) % 17 == 16:
        raise ValueError("no texts of that length")
    logits[tokens.sum() % 100] += 1
    return logits


def told(result: Generation) -> Generation:
    """Return what a row has to do with; one that never began has the seed of its place."""
    return replace(result, seed=0) if result.error else result


@settings(max_examples=30)
@given(
    several=st.lists(rows(), min_size=2, max_size=12),
    order=st.randoms(use_true_random=False),
    slots=st.integers(1, 6),
    precision=st.sampled_from(PRECISIONS),
    threads=st.integers(1, 2),
    processors=st.sampled_from([(), (picky,)]),
)
def test_texts_are_the_same_alone_and_in_any_company_and_order(
    generators: dict[tuple[str, int], TextGenerator],
    several: list[Row],
    order: random.Random,
    slots: int,
    precision: str,
    threads: int,
    processors: Any,
) -> None:
    # Beside a good row: a list without one is refused as a whole.
    alone = [
        generators[precision, 1].generate([row, ""], logits_processors=processors)[0]
        for row in several
    ]
    shuffled = order.sample(range(len(several)), len(several))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scheduler, "SLOTS", slots)
        mixed = [several[number] for number in shuffled]
        together = generators[precision, threads].generate(mixed, logits_processors=processors)
    assert [*map(told, together)] == [told(alone[number]) for number in shuffled]


@settings(max_examples=15)
@given(prompt=PROMPTS, chosen=ANY_SETTINGS)
def test_one_in_a_list_streamed_and_generated_are_the_same(
    generator: TextGenerator, prompt: str, chosen: dict[str, Any]
) -> None:
    chosen = {"max_new_tokens": 40} | chosen
    one = generator.generate(prompt, **chosen)
    assert generator.generate([prompt], **chosen) == [one]
    stream = generator.stream(prompt, **chosen)
    assert "".join(stream) == one.text
    assert stream.result() == one


def test_equally_likely_tokens_at_the_border_of_a_filter_are_exact_in_company(
    model: Model,
) -> None:
    weights = {name: np.round(array) for name, array in model.weights.items()}
    weights["logits.kernel"] *= 0
    generator = TextGenerator(replace(model, weights=weights))
    several: list[Row] = [
        {"seed": 10 * k + n, "top_k": k, "top_p": p, "max_new_tokens": 20, "presence_penalty": 0.5}
        for k in (0, 1, 2, 5, 30)
        for n, p in enumerate((0.1, 0.5, 0.9, 1.0))
    ]
    assert generator.generate(several) == [generator.generate([row])[0] for row in several]


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_is_exact_in_company(model: Model, name: str, precision: str) -> None:
    config = ModelConfig(
        vocab_size=model.config.vocab_size,
        embedding_size=5,
        units=(7, 3),
        activation=(name,),
        recurrent_activation=(name,),
    )
    weights = seeded_weights(config, scale=0.1)
    generator = TextGenerator(replace(model, config=config, weights=weights), precision=precision)
    several: list[Row] = [{"prompt": "ab" * n, "seed": n, "max_new_tokens": 9} for n in range(9)]
    assert generator.generate(several) == [generator.generate([row])[0] for row in several]


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("units", [(520,), (130, 33)])
def test_wide_layers_are_exact_in_company_and_with_two_threads(
    model: Model, units: tuple[int, ...], precision: str
) -> None:
    config = ModelConfig(vocab_size=model.config.vocab_size, embedding_size=16, units=units)
    wide = replace(model, config=config, weights=seeded_weights(config, scale=0.05))
    one, two = (TextGenerator(wide, precision=precision, threads=n) for n in (1, 2))
    several: list[Row] = [{"prompt": "ab" * n, "seed": n} for n in range(20)]
    alone = [one.generate([row], max_new_tokens=5)[0] for row in several]
    assert two.generate(several, max_new_tokens=5) == alone
    assert one.generate(several, max_new_tokens=5) == alone


@pytest.mark.slow
@pytest.mark.parametrize("precision", PRECISIONS)
def test_thousand_requests_in_random_company_are_those_alone(model: Model, precision: str) -> None:
    generator = TextGenerator(model, precision=precision)
    chance = random.Random(5)
    choices: list[dict[str, Any]] = [
        {},
        {"temperature": 0},
        {"top_k": 7},
        {"min_p": 0.1, "min_new_tokens": 20},
        {"top_k": 7, "top_p": 0.7},
        {"top_p": 0.999},
        {"min_p": 0.05, "frequency_penalty": 0.2},
        {"top_p": 0.8},
        {"typical_p": 0.7},
        {"top_n_sigma": 1.5},
        {"mirostat": 2},
        {"presence_penalty": 1.0, "repetition_penalty": 1.2},
        {"dry_multiplier": 0.8},
        {"xtc_probability": 0.5},
        {"dynatemp_range": 0.5},
        {"stop": ["ab", "e"]},
        {"stop_at": "line"},
        {"temperature_schedule": [[0, 2.0], [30, 0.1]]},
        {"beams": 3},
        {"logit_bias": {"q": 3.0}, "banned_tokens": ["e"]},
        {"temparature": 1},
        {"prompt": None},
    ]
    several: list[Row] = [
        {
            "prompt": "".join(chance.choices("abcde .\n", k=chance.randrange(200))),
            "seed": chance.randrange(2**63),
            "max_new_tokens": chance.randrange(60) + 20,
        }
        | chance.choice(choices)
        for _ in range(1000)
    ]
    alone = [generator.generate([row])[0] for row in several]
    assert sum(one.error is not None for one in alone) > 50
    for _ in range(3):
        order = chance.sample(range(1000), 1000)
        together = generator.generate([several[number] for number in order])
        assert [*map(told, together)] == [told(alone[number]) for number in order]
