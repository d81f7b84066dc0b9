"""The text that a model was trained on, in a form in which any stretch of it is found at once."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from textgen.errors import DataError, NotInstalled

BETWEEN = b"\xff"  # stands between two documents, and in no text of UTF-8
ORDERS = (np.dtype(np.int32), np.dtype(np.int64))


class Suffixes(NamedTuple):
    """A text and its suffix array (Manber and Myers 1993).

    Attributes:
        text: in UTF-8.
        order: where each of its suffixes begins, in their alphabetical order; shape (bytes,).
    """

    text: bytes
    order: NDArray[np.integer]


class CopyIndex:
    """Finds out whether something stands in a training text.

    Args:
        load: gives the text and its suffixes when they are first asked for; several times the size
            of the text.
    """

    def __init__(self, load: Callable[[], Suffixes]) -> None:
        self._load = load

    @classmethod
    def of(cls, documents: Iterable[str]) -> Self:
        """Make the index of some documents.

        Raises:
            NotInstalled: the library that sorts suffixes is not there.
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
        """Return the index of which a file holds the content.

        Args:
            read: gives the content, when it is first needed; errors are its own, and `DataError` if
                it is damaged.
            where: the file's name.
        """
        return cls(lambda: _suffixes(read(), where))

    def __reduce__(self) -> tuple[Any, ...]:
        """Go to another process with all that it holds."""
        return _of_suffixes, (self.suffixes,)

    @cached_property
    def suffixes(self) -> Suffixes:
        """The text and its suffixes."""
        return self._load()

    def to_bytes(self) -> bytes:
        """Return the content of a file."""
        text, order = self.suffixes
        tensors = {"text": np.frombuffer(text, np.uint8), "order": np.asarray(order)}
        data: bytes = safetensors.numpy.save(tensors)
        return data

    def holds(self, stretch: str) -> bool:
        """Tell whether a stretch of text is somewhere in the training text."""
        wanted = stretch.encode()
        text, order = self.suffixes
        low, high = 0, len(order)
        while low < high:
            middle = (low + high) // 2
            begin = int(order[middle])
            if text[begin : begin + len(wanted)] < wanted:
                low = middle + 1
            else:
                high = middle
        return low < len(order) and text.startswith(wanted, int(order[low]))

    def longest_end(self, text: str) -> int:
        """Return how many of a text's last characters are somewhere in the training text."""
        known, unknown = 0, len(text) + 1
        while unknown - known > 1:
            middle = (known + unknown) // 2
            if self.holds(text[len(text) - middle :]):
                known = middle
            else:
                unknown = middle
        return known

    def longest(self, text: str) -> str:
        """Return the longest stretch of a text that is somewhere in the training text."""
        best, length, found = 0, 0, ""
        for end in range(1, len(text) + 1):
            length = self.longest_end(text[end - length - 1 : end])
            if length > best:
                best, found = length, text[end - length : end]
        return found


def _of_suffixes(suffixes: Suffixes) -> CopyIndex:
    """Return the index of a text whose suffixes are known."""
    return CopyIndex(lambda: suffixes)


def _suffixes(data: bytes, where: str) -> Suffixes:
    """Read the content of a file, trusting nothing in it."""
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
        raise DataError(f"{where}: it is no index of a text; copy the model folder anew")
    return Suffixes(text.tobytes(), order)
