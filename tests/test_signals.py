"""The first signal waits for the end of a step; a second one does what it always did."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from textgen.errors import Interrupted
from textgen.signals import SIGNALS, DeferredSignals


@pytest.fixture
def heard() -> Iterator[list[int]]:
    """Signals that reach the handlers of before, which are put back afterwards."""
    arrived: list[int] = []

    def hear(number: int, frame: object) -> None:
        arrived.append(number)

    before = {number: signal.signal(number, hear) for number in SIGNALS}
    yield arrived
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_first_signal_is_noted_until_it_is_asked_for(heard: list[int], number: int) -> None:
    with DeferredSignals() as interruption:
        interruption.check()
        os.kill(os.getpid(), number)
        assert heard == []
        with pytest.raises(Interrupted) as caught:
            interruption.check()
    assert caught.value is interruption.noted
    assert caught.value.exit_code == 128 + number
    assert isinstance(caught.value, KeyboardInterrupt)


@pytest.mark.parametrize("first", SIGNALS)
@pytest.mark.parametrize("second", SIGNALS)
def test_second_signal_goes_where_it_went_before(heard: list[int], first: int, second: int) -> None:
    with DeferredSignals() as interruption:
        os.kill(os.getpid(), first)
        os.kill(os.getpid(), second)
        assert heard == [second]
        assert interruption.noted
        assert interruption.noted.number == first


def test_second_ctrl_c_is_a_keyboard_interrupt() -> None:
    with DeferredSignals():
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_handlers_are_as_before_afterwards(heard: list[int]) -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with DeferredSignals():
        assert [signal.getsignal(number) for number in SIGNALS] != before
    with pytest.raises(ZeroDivisionError), DeferredSignals():
        raise ZeroDivisionError
    assert [signal.getsignal(number) for number in SIGNALS] == before
    os.kill(os.getpid(), signal.SIGTERM)
    assert heard == [signal.SIGTERM]


def test_in_a_thread_no_handler_is_installed() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    inside: list[object] = []

    def work() -> None:
        with DeferredSignals() as interruption:
            inside.extend(signal.getsignal(number) for number in SIGNALS)
            interruption.check()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert inside == before


WHILE_LOADING = """
import sys

class Interrupting:
    def find_spec(self, name, *_):
        if name == "textgen.cli.train":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupting())
from textgen.cli import main
"""


def test_ctrl_c_while_the_command_line_loads_is_one_line() -> None:
    done = subprocess.run([sys.executable, "-c", WHILE_LOADING], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (130, b"textgen: interrupted\n")
