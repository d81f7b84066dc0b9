"""Loading TensorFlow and Keras, which is slow and noisy, once and on purpose."""

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

# The descriptor is the whole process's: of two threads, the second would keep what leads nowhere.
_ONE_HIDES = Lock()


def require_libraries() -> None:
    """Find out, without importing them, whether the libraries that train are there.

    Raises:
        UsageError: one is not; the message names the extra.
    """
    for name in ("tensorflow", "keras", "matplotlib"):
        if importlib.util.find_spec(name) is None:
            raise NotInstalled("training", name, "train")


def load_tensorflow(threads: int | None = None, *, quiet: bool = False) -> None:
    """Import TensorFlow and Keras.

    Args:
        threads: of the CPU, to compute with; one for each core if not given.
        quiet: hide what they write to stderr meanwhile; that of the whole process is hidden.

    Raises:
        UsageError: Keras is set to another backend, or TensorFlow is at work in this process
            with another number of threads.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    with _stderr_hidden() if quiet else nullcontext():
        import keras
        import tensorflow

        tensorflow.config.list_physical_devices()  # complains where there is no GPU
    if keras.backend.backend() != "tensorflow":
        raise UsageError(
            f"Keras is set to the backend {keras.backend.backend()}; training needs "
            f"KERAS_BACKEND=tensorflow"
        )
    _set_threads(threads or TrainingConfig().cores)


def _set_threads(threads: int) -> None:
    """Set how many threads an operation, and how many operations at a time, may take."""
    import tensorflow

    threading = tensorflow.config.threading
    try:
        threading.set_intra_op_parallelism_threads(threads)
        threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError:  # it is at work already; 0 threads are one for each core
        present = threading.get_intra_op_parallelism_threads() or TrainingConfig().cores
        if present != threads:
            raise UsageError(
                f"TensorFlow computes with {present} threads in this process, and {threads} are "
                f"wanted; begin a new process"
            ) from None


def require_own_process() -> None:
    """Refuse to train in a process forked from one that has trained: TensorFlow would stand still.

    A fork has none of the threads that TensorFlow began before it, and waits for them for ever.

    Raises:
        UsageError: this is such a process.
    """
    if _process_at_work() != os.getpid():
        raise UsageError(
            "TensorFlow was at work before this process was forked, and would wait here for ever; "
            "start processes that train with multiprocessing.get_context('spawn')"
        )


@cache
def _process_at_work() -> int:
    """Return the process that was the first to ask; one that is forked from it knows the answer."""
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
    """Send file descriptor 2 to nowhere: TensorFlow's C++ writes there whatever its log level."""
    sys.stderr.flush()
    with _ONE_HIDES:
        kept = os.dup(2)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)
