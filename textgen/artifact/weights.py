"""A model's parameters in a safetensors file, as 32-bit or 16-bit floats."""

from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from textgen.config.model import STORAGES, ModelConfig
from textgen.errors import DataError, UsageError

Weights = dict[str, NDArray[np.float32]]  # with the names and shapes of `ModelConfig.tensors()`

DTYPES = {"fp32": np.float32, "fp16": np.float16}
TENSOR_TYPES = {"fp32": "F32", "fp16": "F16"}  # their names in a file


def round_weights(weights: Weights, storage: str) -> Weights:
    """Return weights rounded to a format.

    Args:
        weights: of a model.
        storage: "fp32" or "fp16".

    Raises:
        UsageError: no such format, or a weight is too large for it.
    """
    if storage not in STORAGES:
        raise UsageError(f"storage is {storage!r}; it must be one of {', '.join(STORAGES)}")
    with np.errstate(over="ignore"):  # infinities are refused below
        rounded = {name: array.astype(DTYPES[storage]) for name, array in weights.items()}
    for name, array in rounded.items():
        if not np.isfinite(array).all():
            raise UsageError(f"{name} holds numbers too large for {storage}; keep fp32")
    return {name: array.astype(np.float32) for name, array in rounded.items()}


def weights_to_bytes(weights: Weights, storage: str) -> bytes:
    """Return the content of a safetensors file."""
    arrays = {name: array.astype(DTYPES[storage]) for name, array in weights.items()}
    data: bytes = safetensors.numpy.save(arrays)
    return data


def read_weights(path: Path, config: ModelConfig) -> tuple[Weights, str]:
    """Read a file. Names, shapes and types are compared before anything is allocated.

    Args:
        path: of the file.
        config: of its model.

    Returns:
        the weights, and their format in the file.

    Raises:
        DataError: the file is damaged, or belongs to another model.
    """
    expected = {
        storage: {name: (kind, list(shape)) for name, shape in config.tensors().items()}
        for storage, kind in TENSOR_TYPES.items()
    }
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118  # no dict
            present = {name: (s.get_dtype(), s.get_shape()) for name, s in slices.items()}
            storage = next((s for s, tensors in expected.items() if present == tensors), None)
            if storage is None:
                raise DataError(f"{path}: its tensors are not those of config.json")
            weights = {name: file.get_tensor(name).astype(np.float32) for name in present}
    except safetensors.SafetensorError as error:
        raise DataError(f"{path}: damaged ({error}); copy the model folder anew") from None
    for name, array in weights.items():
        if not np.isfinite(array).all():
            raise DataError(f"{path}: {name} holds numbers that are not finite")
    return weights, storage
