"""The frameworks of the rivals, loaded without their noise."""

import importlib
from typing import Any


def load_tensorflow(threads: int) -> tuple[Any, Any]:
    """Load TensorFlow as `textgen train` does.

    Args:
        threads: of an operation, and operations at a time.

    Returns:
        the modules `keras` and `tensorflow`.
    """
    from textgen.trainer.backend import load_tensorflow as load

    load(threads, quiet=True)
    return importlib.import_module("keras"), importlib.import_module("tensorflow")


def load_torch(threads: int) -> Any:
    """Load PyTorch and set its threads; it is in no lock, so no types are known."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(threads)
    return torch
