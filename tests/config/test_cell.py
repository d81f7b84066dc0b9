"""A cell's description is that of the parameters, states and products of its layers."""

import math

from textgen.config.cell import LSTM
from textgen.config.model import ModelConfig

CONFIG = ModelConfig(vocab_size=5, embedding_size=2, units=(3, 4), labels=("a",))


def test_parameters_are_those_of_the_cell_under_the_names_of_the_layers() -> None:
    for index, (width, units) in enumerate([(2 + 1, 3), (3, 4)]):
        for name, shape in LSTM.parameters(width, units).items():
            assert CONFIG.tensors()[f"{CONFIG.layer_name(index)}.{name}"] == shape


def test_states_have_the_names_that_the_cell_gives_them() -> None:
    expected = {"hidden_0": 3, "cell_0": 3, "hidden_1": 4, "cell_1": 4}
    assert CONFIG.state_units() == expected
    assert list(CONFIG.state_units()) == list(expected)


def test_every_weight_of_a_matrix_is_a_product_for_each_token() -> None:
    parameters = LSTM.parameters(7, 5)
    assert LSTM.products(7, 5) == math.prod(parameters["kernel"]) + 5 * 20


def test_window_keeps_gates_and_output_in_the_format_of_products_and_the_cell_in_full() -> None:
    assert LSTM.window_bytes(10, 4) == 10 * (4 + 1) * 4 + 10 * 4
    assert LSTM.window_bytes(10, 2) == 10 * (4 + 1) * 2 + 10 * 4
