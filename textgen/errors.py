"""The error tree: one root, one subclass per exit code of the command line.

Every message is one line that says what is wrong, where, and what to do about it. Where that is a
setting, it is named as the door has it at which the error is told.
"""

import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

# In errors of TensorFlow and ONNX Runtime.
OUT_OF_MEMORY = (
    "std::bad_alloc",
    "bad allocation",
    "Failed to allocate memory",
    "RESOURCE_EXHAUSTED",
    "Out of memory",
)
LONGEST_MESSAGE = 200  # characters that are told of another library's message


class TextgenError(Exception):
    """Root of every error that textgen raises on purpose."""

    exit_code = 1


class UsageError(TextgenError):
    """An impossible value or combination of options, or an output that is in the way."""

    exit_code = 2


class NotInstalled(UsageError):
    """A library that comes with an extra is not there.

    Args:
        what: needs it.
        library: its name.
        extra: that it comes with.
        instead: what would do without it, if anything.
    """

    def __init__(self, what: str, library: str, extra: str, instead: str = "") -> None:
        remedy = f"install textgen-lstm with its extra {extra!r}" + (instead and f", or {instead}")
        super().__init__(f"{what} needs {library}, which is not installed; {remedy}")


class TrainingDiverged(TextgenError):
    """The training loss became NaN or infinite."""

    exit_code = 3


class DataError(TextgenError):
    """A corpus, prompt, token store or model folder that cannot be used as it is."""

    exit_code = 65


class MissingInput(TextgenError):
    """A file, folder, recipe or model that is not there."""

    exit_code = 66


class NotEnoughMemory(TextgenError):
    """The machine has less memory than the work takes."""

    exit_code = 74


class Busy(TextgenError):
    """Another process is at work in the folder."""

    exit_code = 75


class UnsafeModel(TextgenError):
    """A model folder that holds something a model folder must never hold."""

    exit_code = 77


class Interrupted(KeyboardInterrupt):
    """A signal ended the work. Like `KeyboardInterrupt`, it is no `Exception`.

    Args:
        number: of the signal.
        message: what is kept, and how to go on.
    """

    def __init__(self, number: int, message: str = "interrupted") -> None:
        super().__init__(message)
        self.number = number

    @property
    def exit_code(self) -> int:
        """What a shell shows for a process that the signal ended."""
        return 128 + self.number


def one_line(message: str) -> str:
    """Return a message on one line; tabs are written out, for they look like spaces."""
    return " ".join(map(str.strip, message.splitlines())).replace("\t", r"\t")


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error says that memory has run out: each library says so in its own way."""
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return True
    return any(sign in str(error) for sign in OUT_OF_MEMORY)


def brief(error: BaseException) -> str:
    """Return the beginning of a library's message on one line; some go on for pages."""
    return textwrap.shorten(str(error) or type(error).__name__, LONGEST_MESSAGE)


# From a setting's name and value, None for one that the person chooses, to how both are written;
# to None where there is no such setting.
Wording = Callable[[str, Any], str | None]


def in_python(name: str, value: Any) -> str:
    """Write a setting as an argument of a call."""
    return name if value is None else f"{name}={value!r}"


_wording: ContextVar[Wording] = ContextVar("wording", default=in_python)


@contextmanager
def worded(wording: Wording) -> Iterator[None]:
    """Let errors that are raised in a block name settings in this way."""
    token = _wording.set(wording)
    try:
        yield
    finally:
        _wording.reset(token)


def by_setting(words: str, name: str, value: Any = None, *, otherwise: str = "") -> str:
    """Return a remedy that is a setting, in the words of the door where it is told.

    Args:
        words: what to do, with {} for the setting.
        name: of the setting.
        value: that helps; None if the person chooses it.
        otherwise: what helps where there is no such setting.
    """
    written = _wording.get()(name, value)
    return otherwise if written is None else words.format(written)
