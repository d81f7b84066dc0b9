"""A network that the machine has clearly not the memory for is refused, before TensorFlow loads."""

import importlib
import re
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import environment
from tests.seeded_models import TIDEWATER
from textgen.config.cost import least_training_bytes, optimizer_slots
from textgen.config.model import LARGEST_SIZE, ModelConfig
from textgen.config.training import OPTIMIZERS, TrainingConfig
from textgen.errors import NotEnoughMemory, is_out_of_memory
from textgen.trainer import requirements
from textgen.trainer.job import TrainingJob
from textgen.trainer.requirements import available_bytes, memory_end_explained, require_memory
from textgen.trainer.train_step import make_optimizer

# What libraries say when memory runs out.
SAID = (
    MemoryError(),
    np._core._exceptions._ArrayMemoryError((9, 9), np.dtype("f4")),  # type: ignore[attr-defined]
    RuntimeError("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Exception: std::bad_alloc"),
    RuntimeError("[ONNXRuntimeError] : 1 : FAIL : bad allocation"),
    RuntimeError("BFCArena ... Failed to allocate memory for requested buffer of size 9"),
    ValueError("RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes."),
)
LIMITED = "import atexit, resource, sys; resource.setrlimit(resource.RLIMIT_AS, (9 << 30,) * 2); "
LIMITED += "atexit.register(lambda: print('tensorflow' in sys.modules)); sys.argv[0] = 'textgen'; "
LIMITED += "from textgen.cli.main import main; main()"

SIZES = st.integers(1, LARGEST_SIZE)
NETWORKS = st.fixed_dictionaries(
    {
        "vocab_size": st.integers(2, 1 << 17),
        "units": st.lists(SIZES, min_size=1, max_size=3).map(tuple),
        "embedding_size": SIZES,
        "tie_embeddings": st.booleans(),
    }
)
STREAMS = st.fixed_dictionaries({"batch_size": SIZES, "window": st.integers(1, 4096)})


@pytest.mark.parametrize("momentum", [0.0, 0.5])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizer_keeps_so_many_numbers_of_each_weight(name: str, momentum: float) -> None:
    if momentum and name not in ("sgd", "rmsprop"):
        return
    config = TrainingConfig(optimizer=name, momentum=momentum)
    weight = keras.Variable(np.zeros((3, 5), np.float32))
    optimizer = make_optimizer(config, [weight])
    kept = [v for v in optimizer.variables if tuple(v.shape) == (3, 5)]
    assert optimizer_slots(config) == len(kept)


@given(network=NETWORKS, streams=STREAMS, there=st.integers(1 << 24, 1 << 45))
def test_what_takes_more_than_there_is_is_refused_and_the_size_that_is_named_fits(
    network: dict[str, Any], streams: dict[str, Any], there: int
) -> None:
    config, training = ModelConfig(**network), TrainingConfig(**streams)
    needed = least_training_bytes(config, training)
    with pytest.MonkeyPatch.context() as context:
        context.setattr(requirements, "available_bytes", lambda: there)
        if needed <= there:
            require_memory(config, training)
            return
        with pytest.raises(NotEnoughMemory) as caught:
            require_memory(config, training)
        told = str(caught.value)
        assert f"{needed / 1e9:,.1f} GB" in told
        assert f"there are {there / 1e9:,.1f} GB" in told
        if found := re.search(r"--(units|embedding-size|batch-size) ([\d,]+) would fit", told):
            name, text = found[1].replace("-", "_"), found[2]
            value: Any = tuple(map(int, text.split(","))) if name == "units" else int(text)
            if name == "batch_size":
                training = training.replace(batch_size=value)
            else:
                config = config.replace(**{name: value})
            require_memory(config, training)
        else:
            assert "give a smaller network, and fewer streams" in told


@pytest.mark.parametrize(
    "wish",
    [
        ("--units", "30000"),
        ("--embedding-size", "1048576"),
        ("--layers", "64", "--units", "4000"),
    ],
)
def test_large_networks_under_a_limit_are_one_line_and_no_tensorflow(
    cache_home: Path, tmp_path: Path, wish: tuple[str, ...]
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, "train", TIDEWATER, "-o", "m", *wish],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        env=environment(cache_home, {}),
    )
    *_, line = done.stderr.decode().splitlines()  # the others tell of the corpus
    assert done.returncode == 74, line
    assert re.search(
        r"take at least [\d,.]+ GB of memory to train, and there are [\d.]+ GB; --", line
    )
    assert "would fit" in line
    assert done.stdout == b"False\n"
    assert list(tmp_path.iterdir()) == []


def test_the_network_of_the_defaults_is_nowhere_near_a_limit() -> None:
    config = ModelConfig(vocab_size=LARGEST_SIZE >> 5, units=(640, 640), embedding_size=256)
    assert least_training_bytes(config, TrainingConfig(batch_size=64)) < 3e9


def test_limits_of_machine_process_and_groups_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requirements, "PROC", tmp_path / "proc")
    monkeypatch.setattr(requirements, "CGROUPS", tmp_path / "groups")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY,) * 2)
    whole = available_bytes()
    assert whole > 1 << 28  # where nothing is told, that of the machine
    for name, content in {
        "proc/meminfo": "MemTotal: 9 kB\nMemAvailable:   4000 kB\nSwapFree:  1000 kB\n",
        "proc/self/cgroup": "5:cpu:/a\n4:cpuset,memory:/box/in\n0::/new/deep\n",
        "groups/new/memory.max": "5000000\n",
        "groups/new/deep/memory.max": "max\n",
        "groups/memory/box/memory.limit_in_bytes": "4900000\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    assert available_bytes() == 4_900_000
    (tmp_path / "groups/memory/box/memory.limit_in_bytes").unlink()
    assert available_bytes() == 5_000_000
    (tmp_path / "groups/new/memory.max").write_text("max\n")
    assert available_bytes() == 5_120_000
    monkeypatch.setattr(resource, "getrlimit", lambda _: (3_000_000,) * 2)
    assert available_bytes() == 3_000_000


@pytest.mark.parametrize("error", SAID, ids=str)
def test_memory_that_runs_out_is_told_as_that_everywhere(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert is_out_of_memory(error)
    config, training = ModelConfig(vocab_size=9), TrainingConfig()
    with (
        pytest.raises(NotEnoughMemory, match="smaller --units"),
        memory_end_explained(config, training),
    ):
        raise error

    def fail(*_: object) -> None:
        raise error

    command_line = importlib.import_module("textgen.cli.main")  # its package names a function so
    monkeypatch.setattr(command_line.cli, "make_context", fail)
    with pytest.raises(SystemExit) as caught:
        command_line.main()
    assert caught.value.code == 74
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("textgen: the memory is not enough for this")


def test_tensorflow_that_runs_out_of_memory_is_told_so(tmp_path: Path) -> None:
    import tensorflow as tf

    def fill(run: TrainingJob) -> None:
        run.open(str(TIDEWATER))
        run.make_trainer()
        tf.zeros((1 << 30, 1 << 20))  # a petabyte

    run = TrainingJob(tmp_path / "m", {"steps": 1, "units": 8})
    with pytest.raises(NotEnoughMemory, match="the memory is not enough for"), run:
        fill(run)


def test_other_errors_stay_what_they_are() -> None:
    assert not is_out_of_memory(ValueError("no"))
    with (
        pytest.raises(ZeroDivisionError),
        memory_end_explained(ModelConfig(vocab_size=9), TrainingConfig()),
    ):
        raise ZeroDivisionError
