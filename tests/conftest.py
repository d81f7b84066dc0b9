"""Fixtures: small texts and models of the tests' own making, no network, no more than is there."""

import importlib.util
import math
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import settings

from tests.seeded_models import TIDEWATER, seeded_model
from tests.zygote import Zygote
from textgen.artifact.model_folder import Model, write_model
from textgen.config import cpu
from textgen.generator import TextGenerator
from textgen.tokenization.tokenizer import Tokenizer

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


NO_NETWORK = Path(__file__).parent / "no_network"
os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(NO_NETWORK), *filter(None, [os.environ.get("PYTHONPATH")])]
)
runpy.run_path(str(NO_NETWORK / "sitecustomize.py"))

# What a shell runs in the background is born deaf to Ctrl-C, which some tests send.
signal.signal(signal.SIGINT, signal.default_int_handler)

# What the extras of pyproject.toml are known by.
EXTRAS = {
    "train": "tensorflow",
    "corpora": "datasets",
    "constrain": "llguidance",
    "write": "prompt_toolkit",
}
MISSING = {extra for extra, name in EXTRAS.items() if importlib.util.find_spec(name) is None}
# Tests that are about nothing but what an extra brings, and import it at once.
WHOLE = {
    "train": ["model", "trainer", "cli/test_training.py", "runtime/test_parity.py"],
    "corpora": [
        "config/test_converted_values.py",
        "corpus/test_hostile_files.py",
        "corpus/hub",
        "corpus/test_hub_commands.py",
        "corpus/test_hub_faults.py",
        "corpus/test_hub_offline.py",
        "corpus/text/test_recognition.py",
        "corpus/tables/test_rows.py",
        "corpus/tables/test_open_table.py",
        "corpus/test_texts.py",
        "corpus/text/test_decompress.py",
        "report/test_run_page.py",
        "report/test_store_facts.py",
        "test_arguments.py",
    ],
    "constrain": [
        "runtime/constraints/test_constraint.py",
        "runtime/test_constrained_generation.py",
    ],
    "write": [],
}
collect_ignore = [path for extra in sorted(MISSING) for path in WHOLE[extra]]

# With TEXTGEN_MATMUL=fp32 all is as on a processor that does not compute in bf16.
MATMUL = "TEXTGEN_MATMUL"
if os.environ.get(MATMUL) == "fp32":
    cpu.CPU_FILE = Path(os.devnull)

settings.register_profile("busy machine", deadline=None)  # laws are no measure of time
settings.load_profile("busy machine")


def pytest_report_header() -> list[str]:
    """Say what is not tested here."""
    missing = f"extras that are missing: {', '.join(sorted(MISSING)) or 'none'}"
    return [missing, *(f"left out: tests/{path}" for path in collect_ignore)]


def need(*extras: str) -> None:
    """Skip the test unless some extras are installed."""
    assert EXTRAS.keys() >= set(extras), extras
    if missing := sorted(MISSING.intersection(extras)):
        pytest.skip(f"needs the extra {', '.join(missing)}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        need(*mark.args)


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


@pytest.fixture(scope="session")
def model(char_tokenizer: Tokenizer) -> Model:
    """A small model of seeded numbers: babble of small letters, the same every time."""
    letters = "abcdefghijklmnopqrstuvwxyz " * 20
    return seeded_model(char_tokenizer, text=letters, unseen=0.05, ends=0.05)


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
    inherited = {k: v for k, v in os.environ.items() if k == MATMUL or k[:8] != "TEXTGEN_"}
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
    """Spare runs the report, which takes as long as they do and has tests of its own."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr("textgen.report.run_page.write_report", lambda *_: None)
        monkeypatch.setattr("textgen.evaluation.copying.measure_copying", lambda *_: None)
        yield


@pytest.fixture(scope="session")
def seeded(char_tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model of seeded numbers: babble of a book's characters, one a token."""
    folder = tmp_path_factory.mktemp("seeded") / "babble"
    never = math.exp(-20)  # is half of a character written, which commands show as U+FFFD
    model = seeded_model(char_tokenizer, units=(48, 48), embedding_size=16, unseen=never)
    write_model(model, folder)
    return folder


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
