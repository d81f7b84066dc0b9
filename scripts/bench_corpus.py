#!/usr/bin/env python
"""Times preparing a corpus against bare `encode_batch`, and measures its memory on large ones.

    .venv/bin/python scripts/bench_corpus.py TEXT [--only CASE] [--quick] [--json]

TEXT is any text file of some megabytes. In the cases of speed the rival encodes its lines with the
same tokenizer, and does nothing else; ours reads, checks, cuts, encodes and writes a token store.
The cases of memory make their corpus (2 GB; --quick: 50 MB) and compare the peak of the whole
process with 600 MB. A ratio above 1 means that ours is better.
"""

import gzip
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
from benchmarks.comparison import Result, compare
from benchmarks.interleave import in_fresh_process, take_turns

from textgen.corpus.resolve import open_source
from textgen.tokenization.prepare import learn_tokenizer, prepare

KINDS = ("char", "bpe", "unigram", "word")
RIVAL = "encode_batch"
LINES_AT_ONCE = 1 << 13
ROUNDS = 7

GB = 1000**3
MEMORY_LIMIT = 600  # MB
LINE_BYTES = 200 * 1000**2
WORDS = 100_000  # different ones in a corpus that is made


def run_ours(text: Path, tokenizer: Path, out: Path) -> None:
    """Prepare a text with a tokenizer that is there already."""
    with open_source(str(text), {"tokenizer": str(tokenizer)}) as source:
        prepare(source, out, overwrite=True)


def run_rival(text: Path, tokenizer: Path) -> None:
    """Encode the lines of a text."""
    from tokenizers import Tokenizer

    library = Tokenizer.from_file(str(tokenizer))
    lines = text.read_text(encoding="utf-8").splitlines(keepends=True)
    for start in range(0, len(lines), LINES_AT_ONCE):
        library.encode_batch(lines[start : start + LINES_AT_ONCE], add_special_tokens=False)


def measure_speed(text: Path, kind: str, rounds: int, folder: Path) -> Result:
    """Return the megabytes per second of both: medians over alternating turns."""
    tokenizer = folder / "tokenizer.json"
    with open_source(str(text), {"tokenizer": kind}) as source:
        tokenizer.write_text(learn_tokenizer(source)[0].to_json(), encoding="utf-8")
    size = text.stat().st_size / 1e6

    def speed(work: Callable[[], None]) -> float:
        start = time.perf_counter()
        work()
        return size / (time.perf_counter() - start)

    turns = {
        "ours": lambda: speed(lambda: run_ours(text, tokenizer, folder / "store")),
        "theirs": lambda: speed(lambda: run_rival(text, tokenizer)),
    }
    speeds = take_turns(turns, rounds)
    return {"case": kind, **compare(RIVAL, speeds["ours"], speeds["theirs"], "MB/s")}


def words(count: int) -> Iterator[str]:
    """Yield so many bytes of made-up words, about, in lines; the same each time."""
    generator = np.random.default_rng(0)
    letters = np.array(list("etaoinshrdlucmfwyp"))
    lengths = generator.integers(2, 10, WORDS)
    known = np.array(["".join(generator.choice(letters, length)) for length in lengths])
    while count > 0:
        chosen = known[generator.zipf(1.2, (1000, 12)) % WORDS]
        text = "".join(" ".join(line) + ".\n" for line in chosen)
        count -= len(text)
        yield text


def make_text(path: Path, size: int) -> None:
    """Write lines of words."""
    with path.open("w") as file:
        file.writelines(words(size))


def make_line(path: Path, size: int) -> None:
    """Write one long line."""
    with path.open("w") as file:
        file.writelines(text.replace("\n", " ") for text in words(min(size, LINE_BYTES)))


def make_row(path: Path, size: int) -> None:
    """Write a .jsonl file of one row with a long text."""
    with path.open("w") as file:
        file.write('{"text": "')
        file.writelines(text.replace("\n", r"\n") for text in words(min(size, LINE_BYTES)))
        file.write('"}\n')


def make_bomb(path: Path, size: int) -> None:
    """Write a .gz file that is a thousandth of what it unpacks to."""
    with gzip.open(path, "wt") as file:
        for _ in range(size // 1_000_000):
            file.write("a" * 999_999 + "\n")


# name: what makes the file, its ending, how it is prepared
CORPORA: dict[str, tuple[Callable[[Path, int], None], str, dict[str, Any]]] = {
    "text, char": (make_text, ".txt", {}),
    "lines, bpe": (make_text, ".txt", {"tokenizer": "bpe", "documents": "line"}),
    "lines without copies": (make_text, ".txt", {"documents": "line", "duplicates": "exact"}),
    "one line": (make_line, ".txt", {"tokenizer": "bpe"}),
    "one row": (make_row, ".jsonl", {"tokenizer": "bpe"}),
    "gzip 1000:1": (make_bomb, ".txt.gz", {}),
}


def peak_memory(corpus: Path, settings: dict[str, Any], out: Path) -> float:
    """Prepare a corpus; return the peak of this process's resident memory in megabytes."""
    with open_source(str(corpus), settings) as source:
        prepare(source, out)
    told = Path("/proc/self/status").read_text()  # getrusage would tell of the parent, too
    peak = next(line for line in told.splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) * 1024 / 1e6


def measure_memory(case: str, size: int, folder: Path) -> Result:
    """Return the peak memory of preparing a corpus that is made for it."""
    make, ending, settings = CORPORA[case]
    corpus = folder / f"corpus{ending}"
    make(corpus, size)
    peak = in_fresh_process(peak_memory, corpus, settings, folder / "store")
    return {"case": case, **compare("the limit", peak, MEMORY_LIMIT, "MB", less_is_better=True)}


@click.command(help=__doc__)
@click.argument("text", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--only", type=click.Choice([*KINDS, *CORPORA]), help="Run one case alone.")
@click.option("--quick", is_flag=True, help="One round; small corpora.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def main(text: Path, only: str | None, quick: bool, as_json: bool) -> None:
    """Run the cases."""
    for case in [only] if only else [*KINDS, *CORPORA]:
        with tempfile.TemporaryDirectory() as name:
            if case in KINDS:
                result = measure_speed(text, case, 1 if quick else ROUNDS, Path(name))
            else:
                result = measure_memory(case, 50_000_000 if quick else 2 * GB, Path(name))
        if as_json:
            click.echo(json.dumps(result))
        else:
            click.echo(
                f"{case:<22} ours {result['ours']:>7.1f}  {result['rival']:<12} "
                f"{result['theirs']:>7.1f} {result['unit']:<5} ratio {result['ratio']:.2f}"
            )


if __name__ == "__main__":
    main()
