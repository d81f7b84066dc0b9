#!/usr/bin/env python
"""Times training against other ways to train the same network, in turns on the same machine.

    .venv/bin/python scripts/bench_train.py [--only CASE] [--quick] [--threads N] [--json]

Every contender works in a process of its own, one at a time, on random tokens. A ratio above 1
means that ours is faster. Printed besides: the speed of an fp32 product of large matrices (sgemm)
in two libraries, which take their turns, too, and the share of the faster one that each reaches;
the seconds of the first step; the peak of the memory, and its growth since the import. A rival
whose library is not installed is named, and makes the exit code 1; PyTorch is in no lock.
"""

import json
import math
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
from benchmarks.comparison import Result, compare, format_number, is_installed, refuse_missing
from benchmarks.frameworks import load_tensorflow, load_torch
from benchmarks.interleave import in_fresh_process, race
from benchmarks.trainers import CONTENDERS, Tokens

from textgen.config.model import ModelConfig

# Each rival, and which of ours it is compared with.
RIVALS = {
    "torch.nn.LSTM": "ours fp32",
    "keras.layers.LSTM": "ours fp32",
    "torch bf16": "ours bf16",
}
TURN = 2.0  # seconds that a contender works before the next one does
FIRST_STEPS = 5  # that the peak of the memory is taken over
SIDE = 2048  # of the square matrices; others from 1,024 to 3,072 are within 2% of its speed
CPU_FILE = Path("/proc/cpuinfo")


class Case(NamedTuple):
    """A network and the size of a step."""

    config: ModelConfig
    streams: int
    window: int

    @property
    def tokens(self) -> int:
        """How many tokens a step trains on."""
        return self.streams * self.window

    @property
    def operations(self) -> int:
        """Floating-point operations a token: 2 a weight of a matrix forwards, 4 backwards."""
        shapes = self.config.tensors()
        del shapes["embedding.embeddings"]  # rows are looked up in it
        return 6 * sum(math.prod(shape) for shape in shapes.values() if len(shape) == 2)

    def batches(self) -> Iterator[Tokens]:
        """Yield tokens without end, each of shape (streams, window + 1)."""
        random, shape = np.random.default_rng(0), (self.streams, self.window + 1)
        while True:
            yield random.integers(0, self.config.vocab_size, shape, np.int32)


def network(vocab_size: int, embedding_size: int, *units: int) -> ModelConfig:
    """Return the configuration of a network without dropout."""
    return ModelConfig(
        vocab_size=vocab_size, embedding_size=embedding_size, units=units, dropout=0.0
    )


CASES = {
    "char": Case(network(256, 64, 512, 512), 64, 128),
    "word": Case(network(10_000, 650, 650, 650), 20, 35),
    "bpe": Case(network(4096, 128, 1024), 32, 64),
}


def train(name: str, case: Case, threads: int) -> Iterator[int]:
    """Take steps without end, and yield the tokens of each."""
    contender = CONTENDERS[name]
    contender.load(threads)
    trainer = contender.trainer(case.config, case.streams)
    for tokens in case.batches():
        trainer.step(tokens)
        yield case.tokens


def first_steps(name: str, case: Case, threads: int) -> tuple[float, float, float]:
    """Return seconds of the first step, peak memory, and its growth since the import, in MiB."""
    contender, batches = CONTENDERS[name], case.batches()
    contender.load(threads)
    imported = memory("VmRSS")
    trainer = contender.trainer(case.config, case.streams)
    start = time.perf_counter()
    trainer.step(next(batches))
    seconds = time.perf_counter() - start
    for _ in range(FIRST_STEPS - 1):
        trainer.step(next(batches))
    peak = memory("VmHWM")
    return seconds, peak, peak - imported


def memory(field: str) -> float:
    """Return what this process holds (VmRSS) or held at most (VmHWM, see proc(5)), in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    kibibytes = next(line.split()[1] for line in lines if line.startswith(field))
    return int(kibibytes) / 1024


def tensorflow_products(threads: int) -> Iterator[int]:
    """Multiply matrices with TensorFlow, and yield the operations of each product."""
    _, tensorflow = load_tensorflow(threads)
    return multiply(tensorflow.constant)


def torch_products(threads: int) -> Iterator[int]:
    """Multiply matrices with PyTorch, and yield the operations of each product."""
    return multiply(load_torch(threads).from_numpy)


def multiply(tensor: Callable[[Any], Any]) -> Iterator[int]:
    """Multiply two square fp32 matrices of a library again and again."""
    left, right = map(tensor, np.random.default_rng(0).random((2, SIDE, SIDE), np.float32))
    while True:
        _ = left @ right
        yield 2 * SIDE**3


PRODUCTS = {"tensorflow": tensorflow_products, "torch": torch_products}


def measure(case: Case, rounds: int, threads: int) -> Iterator[Result]:
    """Yield the comparisons of a case, then what else is told of each contender."""
    names = contenders()
    yield from measure_speeds(case, names, rounds, threads)
    yield from measure_starts(case, names, threads)


def measure_speeds(case: Case, names: list[str], rounds: int, threads: int) -> Iterator[Result]:
    """Yield the comparisons, then what they are of the speed of a product."""
    products = {name: partial(f, threads) for name, f in PRODUCTS.items() if is_installed(name)}
    speeds = race(
        {name: partial(train, name, case, threads) for name in names} | products, rounds, TURN
    )
    for rival, ours in RIVALS.items():
        if ours in speeds:
            yield compare(rival, speeds[ours], speeds.get(rival), "tokens/s")
    peaks = {name: speeds[name] / 1e9 for name in products}
    yield {"what": "sgemm", **peaks, "unit": "GFLOP/s"}
    share = case.operations / 1e9 / max(peaks.values())
    yield {"what": "share of sgemm", **{name: speeds[name] * share for name in names}, "unit": "1"}


def measure_starts(case: Case, names: list[str], threads: int) -> Iterator[Result]:
    """Yield what the first steps of each contender take."""
    figures = [in_fresh_process(first_steps, name, case, threads) for name in names]
    units = {"first step": "s", "peak memory": "MiB", "growth since import": "MiB"}
    for (what, unit), values in zip(units.items(), zip(*figures, strict=True), strict=True):
        yield {"what": what, **dict(zip(names, values, strict=True)), "unit": unit}


def contenders() -> list[str]:
    """Return those that are installed and that the processor has instructions for."""
    has_bf16 = CPU_FILE.exists() and "bf16" in CPU_FILE.read_text()
    there = [name for name, it in CONTENDERS.items() if is_installed(it.library)]
    return [name for name in there if has_bf16 or "bf16" not in name]


def show(result: Result) -> str:
    """Return a result as a line of text."""
    case, name, *_ = result.values()
    figures = {key: value for key, value in list(result.items())[2:] if key != "unit"}
    line = ", ".join(f"{key} {format_number(value)}" for key, value in figures.items())
    return f"{case:<5} {name:<20} {line}  ({result['unit']})"


@click.command(help=__doc__)
@click.option("--only", type=click.Choice(list(CASES)), help="Run one case alone.")
@click.option("--quick", is_flag=True, help="Few rounds.")
@click.option(
    "--threads", type=click.IntRange(min=1), default=2, show_default=True, help="Of each contender."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def main(only: str | None, quick: bool, threads: int, as_json: bool) -> None:
    """Run the cases."""
    for name in [only] if only else CASES:
        for result in measure(CASES[name], 2 if quick else 9, threads):
            result = {"case": name, **result}
            click.echo(json.dumps(result) if as_json else show(result))
    libraries = {rival: CONTENDERS[rival].library for rival in RIVALS}
    refuse_missing(rival for rival, library in libraries.items() if not is_installed(library))


if __name__ == "__main__":
    main()
