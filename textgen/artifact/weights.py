"""A model's parameters in a safetensors file: floats of 32 or 16 bits, or integers of 8 bits."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from textgen.config.model import STORAGES, ModelConfig
from textgen.errors import DataError, UsageError

Weights = dict[str, NDArray[np.float32]]  # with the names and shapes of `ModelConfig.tensors()`
Arrays = dict[str, NDArray[Any]]  # of a file

EMBEDDING = "embedding.embeddings"  # its rows are the outputs of a tied model, too
SCALE = ".scale"  # ends the name of a matrix's scales
DTYPES = {"fp32": np.float32, "fp16": np.float16}
TENSOR_TYPES = {"fp32": "F32", "fp16": "F16"}  # their names in a file
LARGEST = 127  # of the integers; the range is symmetric, so that zero is exact
SMALLEST = 1e-30  # of a largest weight; below it all are stored as zeros
SCALE_BITS = 16  # of a scale's significand: 127 times a scale is then exact, and rounds to itself


def round_weights(weights: Weights, storage: str) -> Weights:
    """Return weights rounded to a format.

    Args:
        weights: of a model.
        storage: "fp32", "fp16", or "int8": matrices as integers with a scale for each column, or
            each row of an embedding.

    Raises:
        UsageError: no such format, or a weight is too large for it.
    """
    if storage not in STORAGES:
        raise UsageError(f"storage is {storage!r}; it must be one of {', '.join(STORAGES)}")
    with np.errstate(over="ignore"):  # infinities are refused below
        rounded = _decode(_encode(weights, storage))
    for name, array in rounded.items():
        if not np.isfinite(array).all():
            raise UsageError(f"{name} holds numbers too large for {storage}; keep fp32")
    return rounded


def weights_to_bytes(weights: Weights, storage: str) -> bytes:
    """Return the content of a safetensors file."""
    data: bytes = safetensors.numpy.save(_encode(weights, storage))
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
    expected = {storage: _expected(config.tensors(), storage) for storage in STORAGES}
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118  # no dict
            present = {name: (s.get_dtype(), s.get_shape()) for name, s in slices.items()}
            storage = next((s for s, tensors in expected.items() if present == tensors), None)
            if storage is None:
                raise DataError(f"{path}: its tensors are not those of config.json")
            weights = _decode({name: file.get_tensor(name) for name in present})
    except safetensors.SafetensorError as error:
        raise DataError(f"{path}: damaged ({error}); copy the model folder anew") from None
    for name, array in weights.items():
        if not np.isfinite(array).all():
            raise DataError(f"{path}: {name} holds numbers that are not finite")
    return weights, storage


def _encode(weights: Weights, storage: str) -> Arrays:
    """Return the arrays of a file in a format."""
    if storage != "int8":
        return {name: array.astype(DTYPES[storage]) for name, array in weights.items()}
    arrays: Arrays = {name: array for name, array in weights.items() if array.ndim == 1}
    for name in weights.keys() - arrays.keys():
        scales = arrays[name + SCALE] = _scales(weights[name], _axis(name))
        arrays[name] = np.rint(weights[name] / scales).astype(np.int8)
    return arrays


def _scales(matrix: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Return the scales of a matrix, in a shape that it can be divided by."""
    largest = np.abs(matrix).max(axis=axis, keepdims=True)
    significand, exponent = np.frexp(np.where(largest > SMALLEST, largest, 1) / LARGEST)
    rounded = np.ceil(np.ldexp(significand, SCALE_BITS))
    scales: NDArray[np.float32] = np.ldexp(rounded, exponent - SCALE_BITS).astype(np.float32)
    return scales


def _decode(arrays: Arrays) -> Weights:
    """Return the weights in the arrays of a file."""
    return {
        name: array.astype(np.float32) * arrays.get(name + SCALE, np.float32(1))
        for name, array in arrays.items()
        if not name.endswith(SCALE)
    }


def _expected(
    tensors: Mapping[str, tuple[int, ...]], storage: str
) -> dict[str, tuple[str, list[int]]]:
    """Return type and shape of each array of a file in a format."""
    if storage != "int8":
        return {name: (TENSOR_TYPES[storage], list(shape)) for name, shape in tensors.items()}
    arrays = {name: ("F32", list(shape)) for name, shape in tensors.items()}
    for name, shape in tensors.items():
        if len(shape) == 2:
            scales = [1 if axis == _axis(name) else size for axis, size in enumerate(shape)]
            arrays |= {name: ("I8", list(shape)), name + SCALE: ("F32", scales)}
    return arrays


def _axis(name: str) -> int:
    """Return the axis of a matrix that a scale is of."""
    return 1 if name == EMBEDDING else 0
