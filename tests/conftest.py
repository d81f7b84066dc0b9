"""Fixtures: small texts and models of the tests' own making, and no network."""

import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

from tests.extras import need
from tests.zygote import Zygote
from textgen.config.generation import GenerationConfig
from textgen.config.model import ModelConfig
from textgen.generator import TextGenerator
from textgen.model_folder import Model
from textgen.tokenization.tokenizer import EOS_ID, Tokenizer

TIDEWATER = Path(__file__).parent.parent / "corpora" / "tidewater.txt"

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


NO_NETWORK = Path(__file__).parent / "no_network"
os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(NO_NETWORK), *filter(None, [os.environ.get("PYTHONPATH")])]
)
runpy.run_path(str(NO_NETWORK / "sitecustomize.py"))

# What a shell runs in the background is born deaf to Ctrl-C, which some tests send.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("busy machine", deadline=None)  # laws are no measure of time
settings.load_profile("busy machine")


@pytest.fixture(scope="session")
def text() -> str:
    """The original corpus that comes with textgen."""
    return TIDEWATER.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def char_tokenizer(text: str) -> Tokenizer:
    return Tokenizer.train("char", [text], normal_form="nfc", vocab_size=0)


@pytest.fixture(scope="session")
def bpe_tokenizer(text: str) -> Tokenizer:
    return Tokenizer.train("bpe", [text], normal_form="nfc", vocab_size=600)


def random_weights(config: ModelConfig, seed: int = 0, scale: float = 0.3) -> dict[str, Any]:
    """Make weights that nobody trained."""
    generator = np.random.default_rng(seed)
    return {
        name: (scale * generator.standard_normal(shape)).astype(np.float32)
        for name, shape in config.tensors().items()
    }


@pytest.fixture(scope="session")
def model(char_tokenizer: Tokenizer) -> Model:
    """A small model with random weights: babble of small letters, the same every time."""
    config = ModelConfig(
        vocab_size=char_tokenizer.vocab_size, embedding_size=8, units=(16, 12), layers=2
    )
    weights = random_weights(config)
    for token in range(config.vocab_size):
        letter = char_tokenizer.token_bytes(token) in b"abcdefghijklmnopqrstuvwxyz "
        weights["logits.bias"][token] -= 0 if letter and token != EOS_ID else 6
    return Model(config, weights, char_tokenizer, GenerationConfig(), {})


@pytest.fixture(scope="session")
def generator(model: Model) -> TextGenerator:
    return TextGenerator(model)


@pytest.fixture(scope="session")
def cache_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where commands that the tests run keep their token stores."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def zygote(cache_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    """Forks processes."""
    environment = os.environ | {"XDG_CACHE_HOME": str(cache_home)}
    zygote = Zygote(tmp_path_factory.mktemp("zygote"), environment)
    yield zygote
    zygote.close()


def environment(cache_home: Path, more: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a person who has set nothing, and some more variables."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("TEXTGEN_")}
    return inherited | {"XDG_CACHE_HOME": str(cache_home)} | dict(more)


@pytest.fixture(scope="session")
def run(cache_home: Path, zygote: Zygote) -> Run:
    """Run `textgen` in a process of its own, which is forked: that takes a tenth of the time."""

    def textgen(
        *arguments: Any, env: Mapping[str, str] = MappingProxyType({}), **options: Any
    ) -> "subprocess.CompletedProcess[bytes]":
        return zygote.run(arguments, env=environment(cache_home, env), **options)

    return textgen


@pytest.fixture(scope="session")
def run_anew(cache_home: Path) -> Run:
    """Run `textgen` as a shell does, for what depends on how Python and its libraries start."""

    def textgen(
        *arguments: Any, env: Mapping[str, str] = MappingProxyType({}), **options: Any
    ) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            [sys.executable, "-m", "textgen", *map(str, arguments)],
            capture_output=True,
            check=False,
            env=environment(cache_home, env),
            **options,
        )

    return textgen


@pytest.fixture(scope="module")
def no_report() -> Iterator[None]:
    """Spare runs the drawing, which takes as long as they do and has tests of its own."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr("textgen.trainer.report.write_report", lambda *_: None)
        yield


@pytest.fixture(scope="session")
def trained(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder made by `textgen train`: two small layers, 120 steps."""
    need("train")
    folder = tmp_path_factory.mktemp("trained") / "tidewater"
    sizes = ("--units", "48", "--layers", "2", "--embedding-size", "16")
    done = run("train", TIDEWATER, "-o", folder, "--steps", 120, *sizes)
    assert done.returncode == 0, done.stderr.decode()
    return folder


@pytest.fixture(scope="session")
def interrupted(cache_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a training of 60 steps that a signal ended after step 45."""
    need("train")
    import keras

    class Interrupt(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 44:
                signal.raise_signal(signal.SIGINT)

    folder = tmp_path_factory.mktemp("interrupted") / "tidewater"
    sizes: dict[str, Any] = {"units": (24,), "embedding_size": 8, "batch_size": 32, "window": 64}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache_home))
        with pytest.raises(KeyboardInterrupt):
            TextGenerator.train(
                TIDEWATER, out=folder, steps=60, validations=2, callbacks=[Interrupt()], **sizes
            )
    return folder
