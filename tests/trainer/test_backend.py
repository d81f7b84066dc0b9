"""TensorFlow is loaded quietly, and nothing else is silenced for longer."""

import logging
import os
import threading
import time

import pytest

from textgen.trainer.backend import _stderr_hidden, retracing_expected


def test_stderr_comes_back_however_many_threads_hide_it() -> None:
    def hide() -> None:
        with _stderr_hidden():
            time.sleep(0.05)

    before = os.fstat(2)
    threads = [threading.Thread(target=hide) for _ in range(3)]
    for thread in threads:
        thread.start()
        time.sleep(0.01)
    for thread in threads:
        thread.join()
    assert os.path.samestat(before, os.fstat(2))


def test_one_warning_is_kept_back_and_no_other(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("tensorflow")
    with caplog.at_level(logging.WARNING, "tensorflow"):
        logger.addHandler(caplog.handler)
        with retracing_expected():
            logger.warning("5 out of the last 5 calls to f triggered tf.function retracing. ...")
            logger.warning("the disk is full")
        logger.warning("it triggered tf.function retracing")
        logger.removeHandler(caplog.handler)
    told = [record.getMessage() for record in caplog.records]
    assert set(told) == {"the disk is full", "it triggered tf.function retracing"}
