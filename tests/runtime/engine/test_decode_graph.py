"""The graph that writes blocks of tokens does what the sampler in Python does, bit for bit."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.any_settings import PLAIN_SETTINGS, PROMPTS
from tests.seeded_models import seeded_weights
from textgen.artifact.model_folder import Model
from textgen.config.generation import GenerationConfig
from textgen.config.model import PRECISIONS, ModelConfig
from textgen.config.tokens import EOS_ID
from textgen.errors import UsageError
from textgen.generator import TextGenerator
from textgen.runtime.engine.loading import load_engine
from textgen.runtime.generation.begin import begin_sequence
from textgen.runtime.generation.loop import advance
from textgen.runtime.generation.result import Generation
from textgen.sampling.backend import SamplingBackend
from textgen.sampling.plan import NO_TOKEN, SamplingPlan


@pytest.fixture(scope="module")
def generators(model: Model) -> list[TextGenerator]:
    """One in each precision, and one whose tokens are all as likely as many others."""
    ties = {name: np.round(array) for name, array in model.weights.items()}
    ties["logits.kernel"] = np.zeros_like(ties["logits.kernel"])
    all_of_them = [TextGenerator(model, precision=precision) for precision in PRECISIONS]
    return [*all_of_them, TextGenerator(replace(model, weights=ties))]


def greedy_plan(vocab_size: int) -> SamplingPlan:
    """The plan of one draw of the likeliest token."""
    forced = SamplingPlan.of(np.zeros(1, np.int64), vocab_size)
    return forced._replace(temperature=np.zeros(1, np.float32), forced=np.full(1, NO_TOKEN))


def unchanged(tokens: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """A hook that does nothing, but for which the sampler has to draw each token."""
    return logits


@settings(max_examples=120)
@given(which=st.integers(0, 2), prompt=PROMPTS, chosen=PLAIN_SETTINGS)
def test_graph_chooses_the_tokens_that_the_sampler_chooses(
    generators: list[TextGenerator], which: int, prompt: str, chosen: dict[str, Any]
) -> None:
    chosen = {"max_new_tokens": 40} | chosen
    stream = generators[which].stream(prompt, **chosen)
    assert stream._sequence.sampler.backend is not SamplingBackend.PYTHON
    assert generators[which].generate(prompt, **chosen) == generators[which].generate(
        prompt, logits_processors=[unchanged], **chosen
    )


@settings(max_examples=40)
@given(
    prompt=PROMPTS,
    chosen=PLAIN_SETTINGS,
    blocks=st.lists(st.integers(1, 50), min_size=1, max_size=6),
)
def test_sizes_of_the_blocks_do_not_matter(
    generator: TextGenerator, prompt: str, chosen: dict[str, Any], blocks: list[int]
) -> None:
    def written(sizes: list[int]) -> Generation:
        config = GenerationConfig(**({"max_new_tokens": 40} | chosen))
        sequence = begin_sequence(generator.tokenizer, prompt, config)
        count = 0
        while not sequence.finish_reason:
            advance(generator.decoder, [sequence], sizes[count % len(sizes)])
            count += 1
        return sequence.result()

    assert written(blocks) == written([1]) == written([32])


def test_samplers_that_the_graph_does_not_know_are_left_to_python(generator: TextGenerator) -> None:
    for chosen in (
        {"typical_p": 0.9},
        {"dynatemp_range": 0.5},
        {"xtc_probability": 0.5},
        {"mirostat": 2},
        {"top_k": 5, "samplers": ("temperature", "top_k")},  # that order it does not know
    ):
        config = generator.configure(**chosen)
        assert (
            begin_sequence(generator.tokenizer, "", config).sampler.backend
            is SamplingBackend.PYTHON
        ), chosen


@pytest.mark.parametrize("beams", [1, 2])
def test_bans_that_leave_the_end_alone_contradict_a_least_length(
    generator: TextGenerator, beams: int
) -> None:
    banned = tuple(range(1, generator.tokenizer.vocab_size))
    chosen: dict[str, Any] = {"banned_tokens": banned, "seed": 1, "beams": beams}
    assert generator.generate("The", **chosen).tokens == (EOS_ID,)
    with pytest.raises(UsageError, match="min_new_tokens forbids"):
        generator.generate("The", min_new_tokens=1, **chosen)


def test_logits_are_those_before_bans_and_biases(generator: TextGenerator) -> None:
    plain = generator.generate("The", seed=1, max_new_tokens=5)
    forced = generator.generate(
        "The", temperature=0, max_new_tokens=5, logit_bias={plain.tokens[0]: 100}
    )
    assert forced.tokens == (plain.tokens[0],) * 5
    assert forced.logprobs[0] == plain.logprobs[0]


@pytest.mark.parametrize("vocab_size", [2, 3])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_smallest_vocabularies_and_layers_are_written(vocab_size: int, precision: str) -> None:
    for depth in (1, 5):
        config = ModelConfig(vocab_size=vocab_size, embedding_size=1, units=(1,), layers=depth)
        engine = load_engine(config, seeded_weights(config), precision=precision)
        state = engine.initial_state(2)
        block = engine.decode([0, 1], state, [greedy_plan(vocab_size)] * 2)
        assert block.tokens.shape == (1, 2)
        np.testing.assert_array_equal(block.tokens[0], block.logits[0].argmax(axis=1))
        assert [part.shape for part in block.state] == [(2, 1)] * (2 * depth)


def test_temperature_of_100_is_nearly_even(generator: TextGenerator) -> None:
    result = generator.generate("", temperature=100, seed=1, max_new_tokens=300, min_new_tokens=300)
    assert len(set(result.tokens)) > 150
