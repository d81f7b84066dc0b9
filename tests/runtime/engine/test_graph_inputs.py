"""What a decode graph declares is what it is fed: names, shapes and number formats."""

from dataclasses import fields
from typing import Any

import numpy as np
import onnx
import pytest

from tests.seeded_models import seeded_weights
from textgen.config.model import ModelConfig
from textgen.runtime.engine.decode_graph import TOKENS, build_decode_graph
from textgen.runtime.engine.graph_inputs import (
    FullGraphInputs,
    GraphInputs,
    fill_inputs,
    greedy_inputs,
)
from textgen.sampling.plan import Penalties, SamplingPlan

STREAMS, STEPS, VOCABULARY = 3, 5, 11
CONFIG = ModelConfig(vocab_size=VOCABULARY, embedding_size=2, units=(4, 3))
SIZES = {"batch": STREAMS, "steps": STEPS}


def plans(*, is_simple: bool) -> list[SamplingPlan]:
    """Plans of which the last has penalties and top-p, unless all are simple."""
    simple = SamplingPlan.of(np.arange(STEPS), VOCABULARY)
    penalties = Penalties.none(STEPS, VOCABULARY)
    last = simple if is_simple else simple._replace(penalties=penalties, top_p=0.5, top_k=4)
    return [simple, simple, last]


def declared(*, is_simple: bool) -> dict[str, tuple[Any, list[int]]]:
    """Number format and shape of the sampling inputs that a graph declares."""
    model = build_decode_graph(CONFIG, seeded_weights(CONFIG), "fp32", is_simple=is_simple)
    inputs = onnx.load_from_string(model.graph).graph.input
    types = {one.name: one.type.tensor_type for one in inputs}
    return {
        name: (
            onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type),
            [SIZES.get(size.dim_param, size.dim_value) for size in kind.shape.dim],
        )
        for name, kind in types.items()
        if name not in {TOKENS, *CONFIG.state_units()}
    }


@pytest.mark.parametrize("is_simple", [True, False])
def test_arrays_of_plans_are_those_that_the_graph_declares(is_simple: bool) -> None:
    inputs = fill_inputs(plans(is_simple=is_simple))
    assert isinstance(inputs, FullGraphInputs) is not is_simple
    fed = {name: (array.dtype, list(array.shape)) for name, array in vars(inputs).items()}
    assert fed == declared(is_simple=is_simple)


def test_arrays_of_a_greedy_step_are_those_of_the_simple_graph() -> None:
    shapes = {name: array.ndim for name, array in vars(greedy_inputs(2, VOCABULARY)).items()}
    assert shapes == {name: len(shape) for name, (_, shape) in declared(is_simple=True).items()}


def test_every_input_has_a_meaning() -> None:
    assert len(fields(GraphInputs)) == 8
    assert len(fields(FullGraphInputs)) == 18
    assert all(described.metadata["doc"] for described in fields(FullGraphInputs))
