"""Configurations refuse what is impossible, and say what is possible."""

import dataclasses
import json
import math
from contextlib import nullcontext
from pathlib import Path

import pytest

from textgen.config.corpus import CorpusConfig
from textgen.config.generation import GenerationConfig
from textgen.config.merge import split_by_config
from textgen.config.model import ModelConfig, NetworkConfig
from textgen.config.training import DEFAULT_BUDGET, OPTIMIZERS, TrainingConfig
from textgen.errors import UsageError


@pytest.mark.parametrize(
    ("name", "value", "legal"),
    [
        ("temperature", -0.1, "at least 0"),
        ("temperature", math.nan, "at least 0"),
        ("temperature", math.inf, "at most 100"),
        ("top_k", -1, "at least 0"),
        ("top_p", 0.0, "above 0 and at most 1"),
        ("top_p", 1.01, "above 0 and at most 1"),
        ("max_new_tokens", -2, "at least -1"),
        ("seed", -1, "at least 0"),
        ("min_p", 1.5, "at least 0 and at most 1"),
        ("typical_p", 0.0, "above 0 and at most 1"),
        ("repetition_penalty", 0.0, "at least 0.01"),
        ("repetition_penalty", math.inf, "at most 100"),
        ("repeat_last_n", -2, "at least -1"),
        ("presence_penalty", 2.5, "at most 2"),
        ("frequency_penalty", -2.5, "at least -2"),
    ],
)
def test_impossible_value_names_the_setting_the_value_and_the_legal_range(
    name: str, value: float, legal: str
) -> None:
    with pytest.raises(UsageError) as caught:
        GenerationConfig.from_dict({name: value})
    assert str(caught.value).startswith(f"{name} is {value}")
    assert legal in str(caught.value)


def test_wrong_type_is_refused() -> None:
    for name, value in [("top_k", 1.5), ("top_k", "3"), ("top_k", True), ("stop", (1,))]:
        with pytest.raises(UsageError, match=name):
            GenerationConfig.from_dict({name: value})


def test_pairs_are_taken_as_a_table_or_a_list_and_checked_one_by_one() -> None:
    pairs = (("17", 2.5), (17, -1.0))
    assert GenerationConfig.from_dict({"logit_bias": {"17": 2.5, 17: -1}}).logit_bias == pairs
    assert GenerationConfig.from_dict({"logit_bias": [["17", 2.5], [17, -1]]}).logit_bias == pairs
    for bad, told in [
        ({"e": 101}, r"\('e', 101.0\); it must be at least -100 and at most 100"),
        ({"e": math.nan}, "at least -100"),
        ({"e": "2"}, "'2'; it must be of type float"),
        ({2.5: 1}, "2.5; it must be of type str or int"),
        ({True: 1}, "True; it must be of type str or int"),
        (["e", 1], "'e'; it must hold lists of 2 values each"),
        ([["e", 1, 2]], r"\['e', 1, 2\]; it must hold lists of 2"),
        ({"": 1}, "empty text"),
    ]:
        with pytest.raises(UsageError, match=told):
            GenerationConfig.from_dict({"logit_bias": bad})
    with pytest.raises(UsageError, match="empty text"):
        GenerationConfig(banned_tokens=("",))


def test_unknown_setting_names_the_nearest_known_one() -> None:
    with pytest.raises(UsageError, match="'temprature'; did you mean 'temperature'"):
        GenerationConfig.from_dict({"temprature": 1.0})
    with pytest.raises(UsageError, match="did you mean 'units'"):
        split_by_config({"unit": 3}, CorpusConfig, NetworkConfig, TrainingConfig)


def test_unknown_choice_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="'letters'; it must be one of char, byte, bpe, unigram"):
        CorpusConfig(tokenizer="letters")
    with pytest.raises(UsageError, match="klingon"):
        CorpusConfig(encoding="klingon")


def test_configurations_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        GenerationConfig().top_k = 3  # type: ignore[misc]  # the point of the test


def test_dictionary_and_back_is_the_same_configuration() -> None:
    config = GenerationConfig(
        stop=("a", "b"), seed=7, banned_tokens=("17", 17), logit_bias=(("17", 2.5), (17, -1.0))
    )
    assert GenerationConfig.from_dict(config.to_dict()) == config
    assert json.loads(json.dumps(config.to_dict())) == config.to_dict()


def test_one_number_serves_for_all_layers_and_a_list_fixes_the_depth() -> None:
    assert NetworkConfig(units=(8,), layers=3).layer_units == (8, 8, 8)
    assert NetworkConfig(units=(8, 4)).layer_units == (8, 4)
    with pytest.raises(UsageError, match="layers is 3 but units names 2"):
        NetworkConfig(units=(8, 4), layers=3)


def test_one_activation_serves_for_all_layers_or_each_has_its_own() -> None:
    config = NetworkConfig(units=(8, 4), activation=("relu",), recurrent_activation=("elu", "tanh"))
    assert config.layer_activations == (("relu", "elu"), ("relu", "tanh"))
    with pytest.raises(UsageError, match="activation names 3 functions, but there are 2 layers"):
        NetworkConfig(units=(8,), layers=2, activation=("tanh", "relu", "elu"))
    with pytest.raises(UsageError, match=r"activation is 'gelu'; it must be one of tanh, sigmoid"):
        NetworkConfig(activation=("gelu",))


def test_embedding_drops_what_the_layers_do_unless_told() -> None:
    assert NetworkConfig(layers=2, dropout=0.3).dropouts == (0.3, 0.3, 0.3)
    assert NetworkConfig(dropout=0.3, embedding_dropout=0.0).dropouts == (0.0, 0.3)


def test_summary_names_what_is_unusual_alone() -> None:
    assert NetworkConfig(units=(8, 4)).summary() == "embedding 64, LSTM 8 + 4"
    unusual = NetworkConfig(tie_embeddings=True, recurrent_activation=("hard_sigmoid",))
    assert unusual.summary() == ("embedding 64 (tied), LSTM 512, recurrent activation hard_sigmoid")


def test_tied_output_needs_a_projection_where_widths_differ() -> None:
    config = ModelConfig(vocab_size=5, embedding_size=2, units=(3,), tie_embeddings=True)
    assert config.tensors()["projection.kernel"] == (3, 2)
    assert not {"projection.kernel", "logits.kernel"} & set(
        config.replace(embedding_size=3).tensors()
    )


def test_learning_rate_and_decay_are_the_optimizers_unless_given() -> None:
    for name, usual in OPTIMIZERS.items():
        config = TrainingConfig(optimizer=name)
        assert (config.peak_rate, config.decay) == usual
    assert TrainingConfig(optimizer="sgd", momentum=0.75).peak_rate == 4.0
    config = TrainingConfig(optimizer="sgd", learning_rate=0.5, weight_decay=0.1)
    assert (config.peak_rate, config.decay) == (0.5, 0.1)


def test_momentum_is_refused_where_there_is_none() -> None:
    assert TrainingConfig(optimizer="sgd", momentum=0.9).momentum == 0.9
    with pytest.raises(UsageError, match="adamw takes none; use sgd or rmsprop"):
        TrainingConfig(momentum=0.9)


def test_tensors_follow_the_layers() -> None:
    config = ModelConfig(vocab_size=5, embedding_size=2, units=(3, 4))
    assert config.tensors()["lstm_1.kernel"] == (3, 16)
    assert config.parameter_count() == 5 * 2 + (2 + 3 + 1) * 12 + (3 + 4 + 1) * 16 + (4 + 1) * 5


def test_length_of_training_is_given_once() -> None:
    assert DEFAULT_BUDGET == "5m"
    assert TrainingConfig().budget_seconds == 300
    assert TrainingConfig(budget="1h30m").budget_seconds == 5400
    assert TrainingConfig(steps=5).budget_seconds is None
    with pytest.raises(UsageError, match="steps and epochs exclude each other"):
        TrainingConfig(steps=5, epochs=1)


def test_resolved_settings_leave_nothing_to_what_differs_elsewhere() -> None:
    resolved = TrainingConfig().resolved()
    assert (resolved.budget, resolved.learning_rate, resolved.weight_decay) == ("5m", 8e-3, 0.01)
    assert resolved.threads == TrainingConfig().cores > 0
    assert resolved.resolved() == resolved
    assert resolved.matmul in ("fp32", "bf16")
    chosen = TrainingConfig(steps=5, learning_rate=0.1, weight_decay=0.0, threads=3, matmul="fp32")
    assert chosen.resolved() == chosen


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("flags : fpu avx512_bf16 avx512_vnni", "bf16"),
        ("flags : fpu avx512f amx_bf16", "bf16"),
        ("flags : fpu avx512f", "fp32"),
        ("Features : fp asimd bf16", "fp32"),  # an ARM, whose products TensorFlow has none for
        (None, "fp32"),
    ],
)
def test_products_are_bf16_where_the_processor_computes_in_it(
    told: str | None, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textgen.config.cpu.CPU_FILE", tmp_path / "cpuinfo")
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    if told:
        (tmp_path / "cpuinfo").write_text(told)
    assert TrainingConfig().product_format == expected
    assert TrainingConfig(matmul="bf16").product_format == "bf16"


@pytest.mark.parametrize(
    ("limit", "expected", "is_refused"),
    [
        ("ALL", "bf16", False),
        ("AVX512_CORE_BF16", "bf16", False),
        ("AVX512_CORE_AMX", "bf16", False),
        ("AVX512_CORE", "fp32", False),
        ("avx512_core_vnni", "fp32", False),
        ("AVX2", "fp32", True),
        ("avx", "fp32", True),
        ("SSE41", "fp32", True),
    ],
)
def test_no_product_is_in_bf16_that_onednn_may_not_compute(
    limit: str, expected: str, is_refused: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textgen.config.cpu.CPU_FILE", tmp_path / "cpuinfo")
    (tmp_path / "cpuinfo").write_text("flags : avx512_bf16")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    assert TrainingConfig().product_format == expected
    with (
        pytest.raises(UsageError, match="excludes bf16; unset that variable")
        if (is_refused)
        else nullcontext()
    ):
        assert TrainingConfig(matmul="bf16").product_format == "bf16"


def test_saving_and_patience_are_checked() -> None:
    assert TrainingConfig(save_every="1m30s").save_seconds == 90
    for name, value in [("save_every", "often"), ("save_every", "0s")]:
        with pytest.raises(UsageError, match="no length of time"):
            TrainingConfig.from_dict({name: value})
    for name in ("patience", "threads"):
        with pytest.raises(UsageError, match=f"{name} is 0; it must be at least 1"):
            TrainingConfig.from_dict({name: 0})
