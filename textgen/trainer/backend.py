"""Loading of TensorFlow and Keras, which is slow and noisy, at one place."""

import importlib.util
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from threading import Lock

from textgen.config.training import TrainingConfig
from textgen.errors import NotInstalled, UsageError

# File descriptor 2 belongs to the whole process: two threads may not redirect it at a time.
_STDERR_LOCK = Lock()


def require_libraries() -> None:
    """Require the libraries for training, without importing them.

    Raises:
        UsageError: one is not installed; the message names the extra.
    """
    for name in ("tensorflow", "keras", "matplotlib"):
        if importlib.util.find_spec(name) is None:
            raise NotInstalled("training", name, "train")


def load_tensorflow(threads: int | None = None, *, quiet: bool = False) -> None:
    """Import TensorFlow and Keras.

    Args:
        threads: number of CPU threads; one per core by default.
        quiet: hide the stderr of the whole process while they load.

    Raises:
        UsageError: Keras is set to another backend, or TensorFlow already runs in this process
            with another number of threads.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    with _stderr_hidden() if quiet else nullcontext():
        import keras
        import tensorflow

        tensorflow.config.list_physical_devices()  # complains if there is no GPU
    if keras.backend.backend() != "tensorflow":
        raise UsageError(
            f"Keras is set to the backend {keras.backend.backend()}; training needs "
            f"KERAS_BACKEND=tensorflow"
        )
    _set_threads(threads or TrainingConfig().cores)


def _set_threads(threads: int) -> None:
    """Set the number of threads per operation and of operations at a time."""
    import tensorflow

    threading = tensorflow.config.threading
    try:
        threading.set_intra_op_parallelism_threads(threads)
        threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError:  # TensorFlow runs already; 0 threads mean one per core
        present = threading.get_intra_op_parallelism_threads() or TrainingConfig().cores
        if present != threads:
            raise UsageError(
                f"TensorFlow computes with {present} threads in this process, and {threads} are "
                f"wanted; begin a new process"
            ) from None


def require_own_process() -> None:
    """Refuse to train in a fork of a process that has trained: TensorFlow would hang.

    A fork has none of the threads that TensorFlow started before it, and waits for them forever.

    Raises:
        UsageError: this process is such a fork.
    """
    if _process_at_work() != os.getpid():
        raise UsageError(
            "TensorFlow was at work before this process was forked, and would wait here for ever; "
            "start processes that train with multiprocessing.get_context('spawn')"
        )


@cache
def _process_at_work() -> int:
    """Return the id of the first process that called this; a fork inherits the answer."""
    return os.getpid()


@contextmanager
def retracing_expected() -> Iterator[None]:
    """Suppress TensorFlow's warning about retracing: each training compiles its own step."""

    def is_other(record: logging.LogRecord) -> bool:
        return "triggered tf.function retracing" not in record.getMessage()

    logger = logging.getLogger("tensorflow")
    logger.addFilter(is_other)
    try:
        yield
    finally:
        logger.removeFilter(is_other)


@contextmanager
def _stderr_hidden() -> Iterator[None]:
    """Discard file descriptor 2, to which TensorFlow's C++ writes at any log level."""
    sys.stderr.flush()
    with _STDERR_LOCK:
        kept = os.dup(2)
        null = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(null, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(null)
