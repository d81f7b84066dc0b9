"""A suffix array of the training text, which finds any stretch of it at once."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from textgen.errors import DataError, NotInstalled

BETWEEN = b"\xff"  # separates documents; no UTF-8 text holds it
ORDERS = (np.dtype(np.int32), np.dtype(np.int64))


class Suffixes(NamedTuple):
    """A text and its suffix array (Manber and Myers 1993).

    Attributes:
        text: in UTF-8.
        order: beginnings of its suffixes in alphabetical order, of shape (bytes,).
    """

    text: bytes
    order: NDArray[np.integer]


class CopyIndex:
    """Searches a training text.

    Args:
        load: returns the text and its suffixes on first use; they take several times the size of
            the text.
    """

    def __init__(self, load: Callable[[], Suffixes]) -> None:
        self._load = load

    @classmethod
    def of(cls, documents: Iterable[str]) -> Self:
        """Return the index of some documents.

        Raises:
            NotInstalled: the library that sorts suffixes is not installed.
        """
        try:
            from pydivsufsort import divsufsort
        except ModuleNotFoundError as error:
            raise NotInstalled("copy_index", "pydivsufsort", "train") from error
        text = BETWEEN.join(document.encode() for document in documents)
        suffixes = Suffixes(text, divsufsort(text) if text else np.zeros(0, np.int32))
        return cls(lambda: suffixes)

    @classmethod
    def from_bytes(cls, read: Callable[[], bytes], where: str) -> Self:
        """Return the index in a file.

        Args:
            read: returns the content of the file on first use. Its errors pass through; a damaged
                content is a `DataError`.
            where: name of the file, for errors.
        """
        return cls(lambda: _suffixes(read(), where))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the loaded text and suffixes."""
        return _of_suffixes, (self.suffixes,)

    @cached_property
    def suffixes(self) -> Suffixes:
        """The text and its suffixes."""
        return self._load()

    def to_bytes(self) -> bytes:
        """Return the content of a file with the index."""
        text, order = self.suffixes
        tensors = {"text": np.frombuffer(text, np.uint8), "order": np.asarray(order)}
        data: bytes = safetensors.numpy.save(tensors)
        return data

    def holds(self, stretch: str) -> bool:
        """Return whether the training text contains a stretch of text."""
        sought = stretch.encode()
        text, order = self.suffixes
        low, high = 0, len(order)
        while low < high:
            middle = (low + high) // 2
            begin = int(order[middle])
            if text[begin : begin + len(sought)] < sought:
                low = middle + 1
            else:
                high = middle
        return low < len(order) and text.startswith(sought, int(order[low]))

    def longest_end(self, text: str) -> int:
        """Return the length of the longest end of a text that the training text contains."""
        present, absent = 0, len(text) + 1
        while absent - present > 1:
            middle = (present + absent) // 2
            if self.holds(text[len(text) - middle :]):
                present = middle
            else:
                absent = middle
        return present

    def longest(self, text: str) -> str:
        """Return the longest stretch of a text that the training text contains."""
        best, length, longest = 0, 0, ""
        for end in range(1, len(text) + 1):
            length = self.longest_end(text[end - length - 1 : end])
            if length > best:
                best, longest = length, text[end - length : end]
        return longest


def _of_suffixes(suffixes: Suffixes) -> CopyIndex:
    """Return the index of sorted suffixes; `pickle` calls it."""
    return CopyIndex(lambda: suffixes)


def _suffixes(data: bytes, where: str) -> Suffixes:
    """Read the content of an untrusted file."""
    try:
        tensors = safetensors.numpy.load(data)
    except safetensors.SafetensorError as error:
        raise DataError(f"{where}: damaged ({error}); copy the model folder anew") from None
    text, order = tensors.get("text"), tensors.get("order")
    is_whole = (
        text is not None
        and order is not None
        and len(tensors) == 2
        and text.dtype == np.uint8
        and order.dtype in ORDERS
        and text.shape == order.shape == (text.size,)
        and (not order.size or (order.min() >= 0 and order.max() < text.size))
    )
    if text is None or order is None or not is_whole:
        raise DataError(f"{where}: not an index of a text; copy the model folder anew")
    return Suffixes(text.tobytes(), order)
