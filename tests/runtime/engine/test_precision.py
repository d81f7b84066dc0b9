"""int8 is used where it was measured to cost little, and computes all that fp32 computes."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.seeded_models import seeded_weights
from textgen import DataError, TextGenerator, UsageError
from textgen.artifact.model_folder import Model, read_model, write_model
from textgen.artifact.provenance import PrecisionRecord
from textgen.config.model import ACTIVATIONS, ModelConfig
from textgen.config.tokens import EOS_ID
from textgen.runtime.engine.loading import load_engine
from textgen.runtime.engine.logprobs import log_softmax
from textgen.runtime.engine.precision import WORTH, measure_precisions

CONFIG = ModelConfig(vocab_size=40, embedding_size=8, units=(24, 24))
TOKENS = np.random.default_rng(0).integers(0, 40, 1000)


def with_record(model: Model, default: str, int8: float = 1.0, fp32: float = 1.0) -> Model:
    record = PrecisionRecord(default=default, int8=int8, fp32=fp32, tokens=640)
    return replace(model, provenance=model.provenance.with_records(precision=record))


def test_fp32_figure_is_the_mean_surprise_of_stretches_that_each_begin_a_text() -> None:
    weights = seeded_weights(CONFIG)
    record = measure_precisions(CONFIG, weights, TOKENS)
    decoder, surprises = load_engine(CONFIG, weights), []
    for stretch in TOKENS[:960].reshape(64, 15):  # 64 streams; what is left over is not used
        fed = np.array([EOS_ID, *stretch[:-1]])
        logits, _ = decoder.score(fed, decoder.initial_state())
        surprises.append(-log_softmax(logits)[np.arange(15), stretch])
    assert record.fp32 == pytest.approx(np.mean(surprises), rel=1e-5)
    assert record.tokens == 960


@pytest.mark.parametrize("count", [1, 2, 63, 65])
def test_any_number_of_tokens_is_enough(count: int) -> None:
    record = measure_precisions(CONFIG, seeded_weights(CONFIG), TOKENS[:count])
    assert count / 2 < record.tokens <= count
    assert np.isfinite([record.fp32, record.int8]).all()


def test_long_texts_cost_no_more_than_short_ones() -> None:
    record = measure_precisions(CONFIG, seeded_weights(CONFIG), np.resize(TOKENS, 200_000))
    assert record.tokens == 1 << 15


def test_int8_is_the_default_where_it_costs_little() -> None:
    record = measure_precisions(CONFIG, seeded_weights(CONFIG), TOKENS)
    assert record.int8 <= record.fp32 * (1 + WORTH)
    assert record.int8 != record.fp32
    assert record.default == "int8"


def test_fp32_is_the_default_where_int8_costs_much() -> None:
    weights = seeded_weights(CONFIG)
    # One weight dwarfs the others of its column, whose integers are all 0 then; it is never used.
    weights["logits.kernel"] *= 3
    weights["lstm_1.bias"][24 * 3] = -100  # a unit that its output gate keeps silent
    weights["logits.kernel"][0] = 1e4
    decoder = load_engine(CONFIG, weights)
    state, written = decoder.initial_state(), []
    chance = np.random.default_rng(1)
    token = EOS_ID
    for _ in range(2000):  # a text of its own, which it predicts better than chance
        logits, state = decoder.step([token], state)
        token = int(np.argmax(logits[0] + chance.gumbel(size=40)))
        written.append(token)
    record = measure_precisions(CONFIG, weights, np.array(written))
    assert record.int8 > record.fp32 * (1 + WORTH)
    assert record.default == "fp32"


def test_folder_remembers_what_a_model_is_best_run_in(model: Model, tmp_path: Path) -> None:
    assert TextGenerator(model).decoder.precision == "fp32"  # of which nothing is known
    for default in ("int8", "fp32"):
        write_model(with_record(model, default), tmp_path / default)
        assert read_model(tmp_path / default).precision == default
        loaded = TextGenerator.from_pretrained(tmp_path / default)
        assert loaded.decoder.precision == default
        for asked in ("int8", "fp32"):
            loaded = TextGenerator.from_pretrained(tmp_path / default, precision=asked)
            assert loaded.decoder.precision == asked
            expected = TextGenerator(model, precision=asked).generate("The", seed=1)
            assert loaded.generate("The", seed=1) == expected


def test_card_tells_precision_and_cost(model: Model, tmp_path: Path) -> None:
    write_model(with_record(model, "int8", int8=1.003, fp32=1.0), tmp_path / "small")
    write_model(with_record(model, "fp32", int8=1.02, fp32=1.0), tmp_path / "costly")
    cards = [(tmp_path / name / "README.md").read_text() for name in ("small", "costly")]
    for card, default, cost in zip(cards, ("int8", "fp32"), (0.3, 2), strict=True):
        (line,) = [line for line in card.splitlines() if line.startswith("- Precision")]
        assert line.startswith(f"- Precision: {default}; int8 ")
        assert f" +{cost}% bits per byte" in line
        assert " 640 tokens of the held-out text" in line


@pytest.mark.parametrize(
    "record",
    [
        {},
        [],
        3,
        {"default": "int8"},
        {"default": "int4", "int8": 1, "fp32": 1, "tokens": 1},
        {"default": "int8", "int8": "1", "fp32": 1, "tokens": 1},
    ],
)
def test_record_that_no_measurement_gives_is_refused(
    model: Model, tmp_path: Path, record: Any
) -> None:
    write_model(model, tmp_path / "model")
    manifest = tmp_path / "model" / "manifest.json"
    told = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(told | {"precision": record}))
    with pytest.raises(DataError, match="damaged record of precision"):
        read_model(tmp_path / "model")


def test_unknown_precision_is_refused_with_the_known_ones(model: Model) -> None:
    with pytest.raises(UsageError, match="precision is 'int4'; it must be one of int8, fp32"):
        TextGenerator(model, precision="int4")


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("tie_embeddings", [False, True])  # tied ones need a projection here
def test_every_network_works_in_int8(name: str, tie_embeddings: bool) -> None:
    config = ModelConfig(
        vocab_size=40,
        embedding_size=8,
        units=(24, 12),
        tie_embeddings=tie_embeddings,
        activation=(name,),
        recurrent_activation=("sigmoid", name),
    )
    weights = seeded_weights(config)
    for part in weights:  # small, for a state without bounds grows faster and faster
        weights[part] *= np.float32(0.2 if part.startswith("lstm") else 1)
    exact, eight = (load_engine(config, weights, precision=name) for name in ("fp32", "int8"))
    states, rows = [exact.initial_state(), eight.initial_state()], []
    for token in TOKENS[:12]:
        (one, states[0]), (other, states[1]) = (
            exact.step([token], states[0]),
            eight.step([token], states[1]),
        )
        rows.append((one[0], other[0]))
    expected, found = (np.array(part) for part in zip(*rows, strict=True))
    read, _ = eight.score(TOKENS[:12], eight.initial_state())
    size = np.abs(expected - expected.mean(axis=1, keepdims=True)).max()
    for close in (found, read):
        assert np.abs(close - expected).max() < 0.05 * size
        assert not np.array_equal(close, expected)


def test_int8_needs_no_training_framework(model: Model, tmp_path: Path) -> None:
    write_model(with_record(model, "int8"), tmp_path / "model")
    code = (
        "import sys; from textgen import TextGenerator;"
        f"g = TextGenerator.from_pretrained({str(tmp_path / 'model')!r});"
        "assert g.decoder.precision == 'int8'; g.generate('The', max_new_tokens=3);"
        "print([m for m in ('tensorflow', 'keras', 'torch', 'datasets') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "[]"


@pytest.mark.parametrize("precision", ["int8", "fp32"])
def test_turns_and_blocks_of_a_long_prompt_do_not_matter_beyond_rounding(
    model: Model, precision: str
) -> None:
    # int8 reads with one scale for the activations of a block, so that its borders show a little.
    tolerance = 0.02 if precision == "int8" else 1e-5
    decoder = TextGenerator(model, precision=precision).decoder
    tokens = model.tokenizer.encode("ebb tide, " * 400)
    whole = decoder.prefill(tokens, decoder.initial_state())
    for border in (1, 1000, 1024, 3999):
        state = decoder.prefill(tokens[:border], decoder.initial_state())
        state = decoder.prefill(tokens[border:], state)
        for one, other in zip(whole, state, strict=True):
            np.testing.assert_allclose(one, other, atol=tolerance)
