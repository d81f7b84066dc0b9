#!/usr/bin/env python
"""Times generation against other ways to run the same network, in turns on the same machine.

    .venv/bin/python scripts/bench_generate.py [--only CASE] [--quick] [--threads N] [--json]

Every contender works in a process of its own, one at a time. A ratio above 1 means that ours is
better. A rival whose library is not installed is named, and makes the exit code 1; PyTorch is in
no lock.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, cast

import click
from benchmarks.comparison import Result, compare, format_number, is_installed, refuse_missing
from benchmarks.interleave import in_fresh_process, race, take_turns
from benchmarks.our_generators import (
    BYTES,
    PROMPT,
    WORDS,
    endless,
    make_model,
    many_streams,
    network_step,
    one_stream,
    read_prompts,
)
from benchmarks.rival_generators import RIVALS

from textgen.artifact.model_folder import write_model
from textgen.config.model import ModelConfig

SMALL = ModelConfig(vocab_size=BYTES, units=(512, 512))
LARGE = ModelConfig(vocab_size=WORDS, units=(1024,))
CHAIN = {"top_k": 40, "top_p": 0.95, "repetition_penalty": 1.1, "presence_penalty": 0.2}
FRAMEWORKS = ("keras predict", "tf.function", "tf in-graph", "torch eager")
STREAMS = 64
IMPORT = "import tensorflow"
# Prints the seconds from before the import to the first piece of text, and from after it.
COLD = f"""
import sys, time
start = time.perf_counter()
from textgen import TextGenerator
imported = time.perf_counter()
next(iter(TextGenerator.from_pretrained(sys.argv[1]).stream({PROMPT!r})))
print(time.perf_counter() - start, time.perf_counter() - imported)
"""


def race_rivals(
    write: Callable[..., Iterator[int]],
    precision: str,
    rivals: tuple[str, ...],
    *,
    quick: bool,
    threads: int,
    **options: int,
) -> Iterator[Result]:
    """Race one of our ways to write against rivals, which have the options."""
    contenders = {"ours": partial(write, SMALL, threads, precision)}
    for name in rivals:
        library, rival = RIVALS[name]
        if is_installed(library):
            contenders[name] = partial(rival, SMALL, threads, **options)
    speeds = race(contenders, *((3, 0.5) if quick else (9, 1.0)))
    for name in rivals:
        yield compare(name, speeds["ours"], speeds.get(name), "tokens/s")


def choose_among_many(*, quick: bool, threads: int) -> Iterator[Result]:
    """Compare the time that goes into choosing with that of the network's step."""
    contenders = {
        "ours": partial(one_stream, LARGE, threads, "int8", **CHAIN),
        "step": partial(network_step, LARGE, threads, "int8"),
    }
    speeds = race(contenders, *((3, 0.5) if quick else (9, 1.0)))
    step = 1000 / speeds["step"]
    choosing = 1000 / speeds["ours"] - step
    result = compare("network step", choosing, step, "ms", less_is_better=True)
    yield result | {"tokens_per_second": speeds["ours"]}


def start_cold(
    ours: dict[str, Callable[[Path], float]], *, quick: bool, threads: int
) -> Iterator[Result]:
    """Compare the way to the first character with the import of TensorFlow."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        write_model(make_model(SMALL), path)
        turns: dict[str, Callable[[], float]] = {}
        turns |= {name: partial(start, path) for name, start in ours.items()}
        if is_installed("tensorflow"):
            turns[IMPORT] = time_import
        seconds = take_turns(turns, 3 if quick else 9)
    theirs = seconds.pop(IMPORT, None)
    result = compare(IMPORT, seconds.pop("ours"), theirs, "s", less_is_better=True)
    yield result | seconds


def time_import() -> float:
    """Return the seconds of a Python that imports TensorFlow."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", IMPORT], check=True, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def start_in_shell(model: Path) -> float:
    """Return the seconds from a command's start to its first character."""
    command = [sys.executable, "-m", "textgen", "generate", PROMPT, "-m", str(model)]
    start = time.perf_counter()
    with subprocess.Popen(
        [*command, "-n", "1", "--no-stream", "-q"], stdout=subprocess.PIPE
    ) as process:
        cast(IO[bytes], process.stdout).read(1)  # it is a pipe
        return time.perf_counter() - start


def start_in_python(which: int, model: Path) -> float:
    """Return the seconds to the first piece of text in a fresh Python: one of COLD's numbers."""
    command = [sys.executable, "-c", COLD, str(model)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return float(done.stdout.split()[which])


def write_on_and_on(*, quick: bool, threads: int) -> Iterator[Result]:
    """Compare the last tenth of a long text with the first."""
    tokens = 50_000 if quick else 1_000_000
    tenths = in_fresh_process(endless, SMALL, threads, tokens)
    seconds, megabytes = zip(*tenths, strict=True)
    first, last = (tokens / 10 / part for part in (seconds[0], seconds[-1] - seconds[-2]))
    result = compare("first tenth", last, first, "tokens/s")
    yield result | {"first_megabytes": megabytes[0], "last_megabytes": megabytes[-1]}


def read_long_prompt(*, quick: bool, threads: int) -> Iterator[Result]:
    """Compare the reading of a prompt with writing; give the seconds of parts of it, too."""
    length = 500_000 if quick else 5_000_000
    lengths = [length // 4, length // 2, length]
    seconds, stepping, writing = in_fresh_process(read_prompts, SMALL, threads, lengths)
    parts = dict(zip(("quarter_s", "half_s", "whole_s"), seconds, strict=True))
    for rival, theirs in ("one token at a time", stepping), ("our writing", writing):
        yield compare(rival, length / seconds[-1], theirs, "tokens/s") | parts


# The precision that people get by default meets what they would use instead.
CASES: dict[str, Callable[..., Iterator[Result]]] = {
    "one stream, int8": partial(
        race_rivals, one_stream, "int8", ("onnx int8", "torch int8", *FRAMEWORKS)
    ),
    "one stream, fp32": partial(race_rivals, one_stream, "fp32", ("onnx fp32", *FRAMEWORKS)),
    "32k symbols, int8": choose_among_many,
    "64 streams, int8": partial(race_rivals, many_streams, "int8", ("onnx int8",), streams=STREAMS),
    "64 streams, fp32": partial(race_rivals, many_streams, "fp32", ("onnx fp32",), streams=STREAMS),
    "cold shell": partial(start_cold, {"ours": start_in_shell}),
    "cold Python": partial(
        start_cold,
        {"ours": partial(start_in_python, 0), "imported_s": partial(start_in_python, 1)},
    ),
    "a million tokens": write_on_and_on,
    "5-MB prompt": read_long_prompt,
}


def show(result: Result) -> str:
    """Return a result as a line of the table."""
    case, rival, *figures, unit = list(result.values())[:6]
    ours, theirs, ratio = (f"{format_number(figure):>9}" for figure in figures)
    head = f"{case:<18} {rival:<20} {ours} {theirs} {unit:<9} {ratio}"
    more = [f"{name} {format_number(value)}" for name, value in list(result.items())[6:]]
    return f"{head}  {', '.join(more)}".rstrip()


@click.command(help=__doc__)
@click.option("--only", type=click.Choice(list(CASES)), help="Run one case alone.")
@click.option("--quick", is_flag=True, help="Few rounds, short texts.")
@click.option(
    "--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Of each contender."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def main(only: str | None, quick: bool, threads: int, as_json: bool) -> None:
    """Run the cases."""
    missing = set()
    if not as_json:
        click.echo(f"{'case':<18} {'rival':<20} {'ours':>9} {'theirs':>9} {'unit':<9} {'ratio':>9}")
    for case in [only] if only else CASES:
        for result in CASES[case](quick=quick, threads=threads):
            result = {"case": case, **result}
            click.echo(json.dumps(result) if as_json else show(result))
            if result["theirs"] is None:
                missing.add(result["rival"])
    refuse_missing(sorted(missing))


if __name__ == "__main__":
    main()
