"""Small trainings for the tests, and what is to be known of their folders."""

import hashlib
import os
import signal
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from textgen import TextGenerator
from textgen.artifact.model_folder import read_model
from textgen.config.model import ModelConfig
from textgen.config.training import NO_BF16, ONEDNN_LIMIT, TrainingConfig
from textgen.corpus.resolve import open_source
from textgen.errors import Interrupted
from textgen.evaluation.quality import Quality
from textgen.tokenization.prepare import prepare
from textgen.tokenization.token_store import SplitCounts, TokenStore
from textgen.tokenization.tokenizer import Tokenizer
from textgen.trainer.checkpoint import Checkpoint
from textgen.trainer.history import History
from textgen.trainer.result import Best
from textgen.trainer.run_state import RunState
from textgen.trainer.schedule import Schedule

# With the small store: 44 steps an epoch, and a validation about every twentieth step.
SIZES: dict[str, Any] = {"batch_size": 8, "window": 16}
NETWORK: dict[str, Any] = {"units": 24, "embedding_size": 8, "dropout": 0.2}
TINY: dict[str, Any] = {**SIZES, **NETWORK, "validation": 0.05, "steps": 12}
BPE: dict[str, Any] = {"tokenizer": "bpe", "vocab_size": 300}
# On processors with less, TensorFlow makes them itself, but oneDNN that is kept to less ends.
needs_bf16 = pytest.mark.skipif(
    os.environ.get(ONEDNN_LIMIT, "").upper() in NO_BF16,
    reason=f"{ONEDNN_LIMIT} leaves no products in bf16",
)
STOP = 5  # the step at which a training is interrupted


class Send(keras.callbacks.Callback):
    """Sends this process a signal after a step, as often as asked."""

    def __init__(self, number: int, *, after: int, times: int = 1) -> None:
        super().__init__()
        self.number, self.after, self.times = number, after, times

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        for _ in range(self.times if batch + 1 == self.after else 0):
            os.kill(os.getpid(), self.number)


def make_best(step: int, nats: float = 2.0, *, seed: int = 0) -> Best:
    weights = {"logits.bias": np.random.default_rng(seed).random(5, np.float32)}
    return Best(step, weights, Quality.of(nats, SplitCounts(1, 10, 11, 12)), 12, {"accuracy": 0.1})


def make_checkpoint(tokenizer: Tokenizer, step: int = 7, **parts: Any) -> Checkpoint:
    """Make a checkpoint of a run that never was, with every part of it filled in."""
    random = np.random.default_rng(step)
    history = History(5, [{"step": 5, "loss": 2.5}], {"loss": 4.0, "steps": 2})
    state = random.random((2, 8, 24), np.float32)
    progress = RunState(
        Schedule(30, (15, 30), 300),
        history,
        steps=step,
        window=step,
        carried=[(state[0], state[1])],
        best=make_best(5),
        course=[(5, 2.0)],
    )
    made: dict[str, Any] = {
        "config": ModelConfig(vocab_size=tokenizer.vocab_size),
        "training": TrainingConfig(steps=30).resolved(),
        "corpus": {"name": "small", "settings": {}},
        "data": {"fingerprint": "1a"},
        "tokenizer": tokenizer,
        "init_from": None,
        "progress": progress,
        "variables": [random.random((3, 4), np.float32), np.array(step), np.arange(2, dtype="u4")],
        "versions": {"numpy": "2"},
    }
    return Checkpoint(**made | parts)


def interrupt(corpus: Any, out: Path, **settings: Any) -> Path:
    """Begin a training and end it after `STOP` steps."""
    with pytest.raises(Interrupted):
        TextGenerator.train(
            corpus, out=out, callbacks=[Send(signal.SIGTERM, after=STOP)], **TINY | settings
        )
    return out


def state_of(folder: Path) -> dict[str, tuple[int, str]]:
    """Return when every file under a folder was written, and a hash of it."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in folder.rglob("*")
        if path.is_file()
    }


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


def record(folder: Path) -> dict[str, Any]:
    values: dict[str, Any] = read_model(folder).provenance.values["training"]
    return values


def make_store(corpus: Path, folder: Path, **settings: Any) -> TokenStore:
    with open_source(str(corpus), {"validation": 0.05} | settings) as source:
        return prepare(source, folder)
