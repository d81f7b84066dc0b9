"""A training begins with the weights and tokens of a model."""

import hashlib
import signal
from pathlib import Path
from typing import Any

import keras
import pytest

from tests.training import (
    BPE,
    NETWORK,
    SIZES,
    STOP,
    TINY,
    Send,
    make_store,
    record,
    weights,
)
from textgen import TextGenerator
from textgen.artifact.model_folder import read_model
from textgen.errors import DataError, Interrupted, MissingInput, UsageError

pytestmark = pytest.mark.usefixtures("no_report")


class Losses(keras.callbacks.Callback):
    """Keeps the loss of every step."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.losses.append((logs or {})["loss"])


def first_loss(corpus: Any, out: Path, **options: Any) -> float:
    losses = Losses()
    TextGenerator.train(corpus, out=out, callbacks=[losses], **{"steps": 1} | SIZES | options)
    return losses.losses[0]


@pytest.fixture(scope="module")
def learned(small_text: Path, tmp_path_factory: pytest.TempPathFactory, cache_home: Path) -> Path:
    """A model of 300 bpe tokens."""
    out = tmp_path_factory.mktemp("learned") / "m"
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("XDG_CACHE_HOME", str(cache_home))
        TextGenerator.train(
            small_text, out=out, **TINY | BPE | {"steps": 60, "learning_rate": 0.03}
        )
    return out


def test_training_from_a_model_begins_with_its_tokens_and_weights(
    small_text: Path, learned: Path, tmp_path: Path
) -> None:
    fresh = first_loss(small_text, tmp_path / "fresh", **BPE, **NETWORK)
    going_on = first_loss(
        small_text, tmp_path / "m", start=learned, dropout=0.3, learning_rate=1e-30
    )
    assert going_on < fresh - 0.2
    assert weights(tmp_path / "m") == weights(learned)  # so short is the one step
    assert (tmp_path / "m" / "tokenizer.json").read_bytes() == (
        learned / "tokenizer.json"
    ).read_bytes()
    made = read_model(tmp_path / "m")
    assert made.config == read_model(learned).config.replace(dropout=0.3)
    digest = hashlib.sha256((learned / "model.safetensors").read_bytes()).hexdigest()
    assert made.provenance.values["training"]["init_from"] == {"model": "m", "sha256": digest}


def test_training_from_a_model_is_resumed_like_any_other(
    small_text: Path, learned: Path, tmp_path: Path
) -> None:
    settings = SIZES | {"steps": 12, "dropout": 0.3, "validation": 0.05}
    TextGenerator.train(small_text, out=tmp_path / "whole", start=learned, **settings)
    stop = [Send(signal.SIGTERM, after=STOP)]
    command: dict[str, Any] = {"out": tmp_path / "m", "start": learned, "resume": True}
    with pytest.raises(Interrupted):
        TextGenerator.train(small_text, **command, callbacks=stop, **settings)
    TextGenerator.train(small_text, **command, **settings)
    assert weights(tmp_path / "m") == weights(tmp_path / "whole")
    assert record(tmp_path / "m")["init_from"] == record(tmp_path / "whole")["init_from"]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"units": 25}, "units would make another network than that of"),
        ({"tie_embeddings": True, "layers": 2}, "another network"),
        ({"activation": "softsign"}, "activation would make another network"),
        ({"tokenizer": "char"}, "tokenizer goes with"),
        ({"vocab_size": 300}, "vocab_size goes with"),
        ({"normalize": "nfc"}, "normalize goes with"),
        ({"strict": False}, "strict goes with"),
    ],
)
def test_what_a_model_decides_is_not_chosen_again(
    small_text: Path, whole: Path, tmp_path: Path, settings: dict[str, Any], told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        TextGenerator.train(small_text, out=tmp_path / "m", start=whole, **settings)
    assert not (tmp_path / "m").exists()


def test_store_in_other_tokens_than_the_models_is_refused(
    small_text: Path, whole: Path, learned: Path, tmp_path: Path
) -> None:
    store = make_store(small_text, tmp_path / "store", **BPE)
    with pytest.raises(DataError, match=r"store: not in the tokens of .*whole"):
        TextGenerator.train(store, out=tmp_path / "m", start=whole, **SIZES, steps=1)
    TextGenerator.train(store, out=tmp_path / "m", start=learned, **SIZES, steps=1)


def test_model_of_strict_words_is_gone_on_with(small_text: Path, tmp_path: Path) -> None:
    words = {"tokenizer": "word", "strict": True}
    TextGenerator.train(small_text, out=tmp_path / "one", **TINY | words | {"steps": 1})
    TextGenerator.train(small_text, out=tmp_path / "two", start=tmp_path / "one", **SIZES, steps=2)
    one, two = (read_model(tmp_path / name) for name in ("one", "two"))
    assert two.tokenizer.kind == "word-strict"
    assert two.tokenizer.to_json() == one.tokenizer.to_json()
    assert two.provenance.corpus_settings["strict"]


def test_model_is_gone_on_with_in_its_own_place(small_text: Path, whole: Path) -> None:
    before = weights(whole)
    stop = [Send(signal.SIGTERM, after=2)]
    settings: dict[str, Any] = {**SIZES, "steps": 4}
    with pytest.raises(Interrupted):
        TextGenerator.train(
            small_text, out=whole, start=whole, overwrite=True, callbacks=stop, **settings
        )
    assert weights(whole.with_name("whole.old")) == before
    TextGenerator.train(small_text, out=whole, resume=True)
    digest = hashlib.sha256(before).hexdigest()
    assert record(whole)["init_from"] == {"model": "whole", "sha256": digest}


def test_model_to_begin_with_that_is_missing_or_damaged_is_refused(
    small_text: Path, whole: Path, tmp_path: Path
) -> None:
    with pytest.raises(MissingInput, match="nowhere: no such model folder"):
        TextGenerator.train(small_text, out=tmp_path / "m", start=tmp_path / "nowhere")
    (whole / "model.safetensors").write_bytes(b"")
    with pytest.raises(DataError, match="changed or damaged"):
        TextGenerator.train(small_text, out=tmp_path / "m", start=whole)
    assert not (tmp_path / "m").exists()
