"""Threads that read corpora side by side do not disturb each other, nor the process."""

import csv
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.corpus.reading import documents
from textgen.corpus.collect import collect
from textgen.corpus.hub.retries import retries_logged
from textgen.corpus.resolve import open_source

LOGGER = logging.getLogger("huggingface_hub.file_download")


@pytest.fixture
def hurried() -> Iterator[None]:
    """Threads that take turns very often."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def side_by_side(work: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.usefixtures("hurried")
def test_long_cells_are_read_by_several_threads_and_the_limit_stays(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    cell = "x y " * 40_000
    path.write_text("text\n" + f'"{cell}"\n' * 8)
    limit = csv.field_size_limit()
    found: list[list[str]] = []
    side_by_side(lambda: found.append(documents(path)))
    assert found == [[cell] * 8] * 3
    assert csv.field_size_limit() == limit


def test_each_thread_that_waits_logs_its_own_retries(caplog: pytest.LogCaptureFixture) -> None:
    together = threading.Barrier(3)

    def work() -> None:
        with retries_logged():
            together.wait()
            LOGGER.warning("resume download")
            together.wait()

    side_by_side(work)
    assert caplog.messages == ["the download was cut; going on with it"] * 3
    assert {record.name for record in caplog.records} == {"textgen.corpus.hub.retries"}
    assert len({record.thread for record in caplog.records}) == 3
    assert not LOGGER.filters


def test_pipe_is_read_once_and_is_a_corpus(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("text of a pipe",))
    writer.start()
    with open_source(str(pipe), {}) as source, collect(source) as found:
        assert source.name == str(pipe)
        assert source.fingerprint
        assert found.characters == len("text of a pipe")
    writer.join()
