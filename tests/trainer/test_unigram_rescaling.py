"""The output bias of a model is fitted to the tokens of a new text before it is trained on it."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tests.training import SIZES, record, weights
from textgen import TextGenerator
from textgen.artifact.model_folder import read_model
from textgen.evaluation.scorer import Scorer
from textgen.runtime.engine.loading import load_engine
from textgen.trainer.unigram_rescaling import unigram_rescaling

pytestmark = [pytest.mark.usefixtures("no_report"), pytest.mark.needs("train")]


class Crash(keras.callbacks.Callback):
    """Raises an error before the first step."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        raise RuntimeError("crash")


def nats(folder: Path, tokens: Any, shift: Any = 0.0) -> float:
    """Return the nats per token of a model whose output bias is shifted."""
    model = read_model(folder)
    shifted = {**model.weights, "logits.bias": model.weights["logits.bias"] + shift}
    scorer = Scorer(load_engine(model.config, shifted))
    scorer.add(tokens)
    return scorer.nats / scorer.tokens


def test_rescaled_model_predicts_a_strange_text_far_better_and_its_own_as_well(
    seeded: Path, text: str
) -> None:
    model = read_model(seeded)
    rare = [token for token in range(model.config.vocab_size) if token % 7 == 3]
    strange = np.random.default_rng(1).choice(rare, 3000)
    shift = unigram_rescaling(model.config, model.weights, strange)
    assert nats(seeded, strange, shift) < nats(seeded, strange) - 1
    own = model.tokenizer.encode(text[:20_000])
    shift = unigram_rescaling(model.config, model.weights, own)
    assert nats(seeded, own, shift) <= nats(seeded, own)


def test_crash_before_the_first_step_does_not_rescale_twice(
    seeded: Path, small_text: Path, tmp_path: Path
) -> None:
    settings: dict[str, Any] = {**SIZES, "start": seeded, "steps": 3, "validation": 0.05}
    TextGenerator.train(small_text, out=tmp_path / "whole", **settings)
    with pytest.raises(RuntimeError, match="crash"):
        TextGenerator.train(small_text, out=tmp_path / "m", callbacks=[Crash()], **settings)
    TextGenerator.train(small_text, out=tmp_path / "m", resume=True, **settings)
    assert weights(tmp_path / "m") == weights(tmp_path / "whole")
    assert record(tmp_path / "m")["course"] == record(tmp_path / "whole")["course"]
