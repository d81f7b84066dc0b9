"""However many prepare a corpus, and whenever they die, there is one whole store or none."""

import json
import multiprocessing
import signal
from collections import Counter
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from tests.faults import SYSTEM_CALL, Faults
from textgen.corpus.resolve import open_source
from textgen.tokenization.store_cache import prepare_once
from textgen.tokenization.token_store import TokenStore

TEXT = "".join(f"line {number} of the harbour log\n" for number in range(60))


class Stages:
    """Writes the names of the stages that this process goes through into a file."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a")
        self._last = ""

    def advance(self, stage: str, done: int, total: int | None = None) -> None:
        if stage != self._last:
            self._file.write(f"{stage}\n")
            self._file.flush()
            self._last = stage


def prepare_one(corpus: Path, out: Path, told: Path) -> None:
    """Prepare as one of many; tell what was found in the store."""
    with open_source(str(corpus), {"documents": "line"}) as source:
        store = prepare_once(source, out, progress=Stages(told / "stages"))
    with (told / "counts").open("a") as file:
        file.write(f"{store.counts('train').tokens} {len(store.tokens('train'))}\n")


def prepare_and_die(corpus: Path, out: Path, at: int | None, trace: Path | None) -> None:
    """Prepare with a fault at a point."""
    Faults(str(out.parent), at, trace=str(trace) if trace else None).install()
    with open_source(str(corpus), {}) as source:
        prepare_once(source, out)


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Where processes come from: one without threads, that has imported what they need."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.tokenization.test_many_writers"])
    return context


def test_sixteen_preparations_make_one_store_and_sixteen_answers(
    tmp_path: Path, processes: ForkServerContext
) -> None:
    corpus = tmp_path / "book.txt"
    corpus.write_text(TEXT)
    arguments = (corpus, tmp_path / "out" / "store", tmp_path)
    writers = [processes.Process(target=prepare_one, args=arguments) for _ in range(16)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * 16
    stages = Counter((tmp_path / "stages").read_text().split("\n"))
    assert stages["encoding"] == 1
    answers = (tmp_path / "counts").read_text().splitlines()
    assert len(answers) == 16
    assert len(set(answers)) == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["store"]


def test_kill_at_any_moment_leaves_nothing_or_a_whole_store(
    tmp_path: Path, processes: ForkServerContext
) -> None:
    corpus, trace = tmp_path / "book.txt", tmp_path / "trace"
    corpus.write_text(TEXT)

    def run(folder: str, at: int | None, trace: Path | None = None) -> int | None:
        out = tmp_path / folder / "store"
        process = processes.Process(target=prepare_and_die, args=(corpus, out, at, trace))
        process.start()
        process.join()
        return process.exitcode

    assert run("whole", None, trace) == 0
    whole = TokenStore(tmp_path / "whole" / "store")
    ends = [int(line.split("\t")[0]) for line in trace.read_text().splitlines()]
    moments = {point - step for point in ends for step in (1, SYSTEM_CALL // 2) if point > step}
    for number, at in enumerate(sorted(moments)):
        assert run(f"killed-{number}", at) == -signal.SIGKILL
        folder = tmp_path / f"killed-{number}"
        if (folder / "store").exists():
            TokenStore(folder / "store")
        assert run(folder.name, None) == 0
        assert [path.name for path in folder.iterdir()] == ["store"]
        store = TokenStore(folder / "store")
        assert store.manifest == whole.manifest
        assert list(store.tokens("train")) == list(whole.tokens("train"))
        assert json.loads((folder / "store" / "store.json").read_text())["format"] == 4
