"""The size that is found out suits text and time, and what a person names is kept."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textgen.config.corpus import CorpusConfig
from textgen.config.merge import override, split_by_config
from textgen.config.model import NetworkConfig
from textgen.config.presets import PRESETS, with_preset
from textgen.config.size import SIZES, STEPS_PER_EPOCH, _tied_work, fitting
from textgen.config.training import ONEDNN_LIMIT, TrainingConfig
from textgen.errors import UsageError

LENGTHS = st.one_of(
    st.integers(1, 10**6).map(lambda n: {"budget": f"{n}s"}),
    st.integers(1, 10**9).map(lambda n: {"steps": n}),
    st.integers(1, 10**4).map(lambda n: {"epochs": n}),
)


@pytest.fixture(scope="module", autouse=True)
def free() -> Iterator[None]:
    """These settings are of other machines than this one, whatever it is kept to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(ONEDNN_LIMIT, raising=False)
        yield


def fit(tokens: int = 1_000_000, vocab_size: int = 70, **chosen: Any) -> dict[str, Any]:
    training = split_by_config(chosen, CorpusConfig, NetworkConfig, TrainingConfig)[-1]
    fitted = fitting(TrainingConfig(**training), tokens=tokens, vocab_size=vocab_size)
    return override(fitted, chosen)


def rank(**chosen: Any) -> int:
    """Return which size was found, counted from the smallest."""
    settings = fit(**{"matmul": "bf16", "threads": 2, **chosen})
    return [size.units for size in SIZES.values()].index(settings["units"])


@given(LENGTHS, st.integers(1, 10**9), st.integers(2, 10**6), st.sampled_from(["auto", *SIZES]))
def test_whatever_the_text_and_the_time_the_settings_are_legal(
    length: dict[str, Any], tokens: int, vocab_size: int, size: str
) -> None:
    settings = fit(tokens, vocab_size, size=size, **length)
    _, network, training = split_by_config(settings, CorpusConfig, NetworkConfig, TrainingConfig)
    NetworkConfig(**network)
    config = TrainingConfig(**training)
    steps = tokens // (config.batch_size * config.window)
    assert steps >= STEPS_PER_EPOCH or config.batch_size == 1


def test_longer_training_makes_a_larger_network() -> None:
    found = [rank(budget=budget) for budget in ("10s", "2m", "5m", "2h")]
    assert found == sorted(found)
    assert len(set(found)) == len(SIZES)


def test_short_text_is_not_learnt_by_heart() -> None:
    found = [fit(tokens, budget="9h").get("units") for tokens in (50_000, 150_000, 300_000, 10**6)]
    assert found == [size.units for size in SIZES.values()]


def test_text_that_is_read_often_is_worth_a_larger_network_sooner() -> None:
    short, long = (rank(budget="10m", tokens=tokens) for tokens in (1_000_000, 9_000_000))
    assert short > long
    assert rank(budget="5m") == rank(budget="5m", tokens=9_000_000)


def test_time_counts_by_what_the_machine_does_in_it() -> None:
    assert rank(budget="5m") == rank(budget="300s")
    slow, fast = rank(budget="5m", matmul="fp32", threads=1), rank(budget="5m", threads=16)
    assert slow < rank(budget="5m") < fast


def test_text_that_is_read_often_is_trained_with_more_dropout() -> None:
    shares = [fit(tokens, budget="5m") for tokens in (50_000, 500_000, 5_000_000, 10**9)]
    dropped = [share["dropout"] for share in shares]
    assert dropped == sorted(dropped, reverse=True)
    assert dropped[0] > dropped[-1] == 0


def test_every_layer_counts_in_what_a_token_costs() -> None:
    one, two = (_tied_work(units, 2_000) for units in ((640,), (640, 640)))
    assert two - one == 4 * 640 * (640 + 640)


def test_named_settings_are_kept_and_others_fit() -> None:
    assert fit(units=(5,), budget="5m")["units"] == (5,)
    assert fit(size="l")["units"] == SIZES["l"].units
    assert "learning_rate" not in fit(optimizer="sgd")
    assert fit(optimizer="adamw") == fit()
    assert fit(vocab_size=50_000)["softmax_samples"] > 0
    assert "softmax_samples" not in fit(vocab_size=50_000, label_smoothing=0.1)


@pytest.mark.parametrize("vocab_size", [70, 2_000, 50_000])
def test_large_vocabulary_is_spelled_and_predicted_with_one_wide_matrix(vocab_size: int) -> None:
    settings = fit(vocab_size=vocab_size)
    expected = (256, True) if vocab_size > 1_000 else (NetworkConfig().embedding_size, False)
    assert (settings["embedding_size"], settings["tie_embeddings"]) == expected


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_legal_and_what_is_chosen_overrides_them(name: str) -> None:
    settings = with_preset(name, {"tokenizer": "byte"})
    corpus, network, training = split_by_config(
        settings, CorpusConfig, NetworkConfig, TrainingConfig
    )
    assert corpus["tokenizer"] == "byte"
    NetworkConfig(**network)
    TrainingConfig(**training)
    assert not {"budget", "epochs"} & with_preset(name, {"steps": 5}).keys()


def test_another_size_or_optimizer_takes_what_the_preset_had_with_it() -> None:
    assert with_preset("wikitext-2", {"size": "s"})["size"] == "s"
    assert "dropout" not in with_preset("wikitext-2", {"size": "s"})
    assert with_preset("wikitext-2", {"window": 70})["dropout"] == 0.3
    assert "learning_rate" not in with_preset("wikitext-2", {"optimizer": "sgd"})


def test_help_does_not_name_a_default_that_the_size_sets() -> None:
    fields = {f.name: f for c in (NetworkConfig, TrainingConfig) for f in dataclasses.fields(c)}
    told = {name for name, field in fields.items() if field.metadata["is_fitted"]}
    plain = {"size", "window", "optimizer", "label_smoothing", "learning_rate"}  # or told else
    assert told == fit().keys() - plain


def test_unknown_preset_is_refused() -> None:
    assert with_preset(None, {"steps": 5}) == {"steps": 5}
    with pytest.raises(UsageError, match="preset is 'imagenet'; it must be one of english"):
        with_preset("imagenet", {})
