"""The error tree: one root, and one subclass for each exit code of the command line.

Every message is one line: the problem, the place and the remedy. A remedy that is a setting is
written as an option on the command line, and as an argument in Python.
"""

import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

# Parts of the error messages of TensorFlow and ONNX Runtime.
OUT_OF_MEMORY = (
    "std::bad_alloc",
    "bad allocation",
    "Failed to allocate memory",
    "RESOURCE_EXHAUSTED",
    "Out of memory",
)
LONGEST_MESSAGE = 200  # characters of another library's message that are shown


class TextgenError(Exception):
    """Root of every error that textgen raises on purpose.

    Attributes:
        exit_code: exit code of the command line.

    Example:
        >>> from textgen import TextGenerator, TextgenError
        >>> try:
        ...     TextGenerator.from_pretrained("nowhere")
        ... except TextgenError as error:
        ...     print(error.exit_code)
        66
    """

    exit_code = 1


class UsageError(TextgenError):
    """An illegal value, options that exclude each other, or an output that exists already.

    Example:
        >>> from textgen import GenerationConfig, UsageError
        >>> try:
        ...     GenerationConfig(top_k=-1)
        ... except UsageError as error:
        ...     print(error)
        top_k is -1; it must be at least 0
    """

    exit_code = 2


class NotInstalled(UsageError):
    """A library of an extra is not installed.

    Args:
        what: the work that needs the library.
        library: name of the library.
        extra: the extra that installs it.
        instead: another remedy, if there is one.
    """

    def __init__(self, what: str, library: str, extra: str, instead: str = "") -> None:
        remedy = f"install textgen-lstm with its extra {extra!r}" + (instead and f", or {instead}")
        super().__init__(f"{what} needs {library}, which is not installed; {remedy}")


class TrainingDiverged(TextgenError):
    """The training loss became NaN or infinite. The best model so far is kept.

    Example:
        >>> from textgen import TrainingDiverged
        >>> TrainingDiverged("the loss is nan; try a lower learning_rate").exit_code
        3
    """

    exit_code = 3


class DataError(TextgenError):
    """A corpus, prompt, token store or model folder that is damaged or of the wrong kind.

    Example:
        >>> from textgen import DataError, TextGenerator
        >>> generator = TextGenerator.from_pretrained()
        >>> try:
        ...     generator.generate("\\ud800")
        ... except DataError as error:
        ...     print("surrogate" in str(error))
        True
    """

    exit_code = 65


class MissingInput(TextgenError):
    """A file, folder, recipe or model that does not exist.

    Example:
        >>> from textgen import MissingInput, TextGenerator
        >>> try:
        ...     TextGenerator.from_pretrained("nowhere")
        ... except MissingInput as error:
        ...     print("no such model folder" in str(error))
        True
    """

    exit_code = 66


class NotEnoughMemory(TextgenError):
    """The machine has less memory than the work needs."""

    exit_code = 74


class Busy(TextgenError):
    """Another process is working in the folder.

    Example:
        >>> from textgen import Busy
        >>> Busy("models/book: another process trains there; wait for its end").exit_code
        75
    """

    exit_code = 75


class UnsafeModel(TextgenError):
    """A model folder that holds a link, or anything else that is no plain file.

    Example:
        >>> from textgen import UnsafeModel
        >>> UnsafeModel("models/book/config.json: a link; put the file itself there").exit_code
        77
    """

    exit_code = 77


class Interrupted(KeyboardInterrupt):
    """A signal ended the work. It is a `KeyboardInterrupt`, so `except Exception` lets it pass.

    Args:
        number: number of the signal.
        message: the state of the work, and how to resume it.

    Example:
        >>> import signal
        >>> from textgen import Interrupted
        >>> Interrupted(signal.SIGINT).exit_code
        130
    """

    def __init__(self, number: int, message: str = "interrupted") -> None:
        super().__init__(message)
        self.number = number

    @property
    def exit_code(self) -> int:
        """The exit code of a process that the signal ended: 128 + its number."""
        return 128 + self.number


def one_line(message: str) -> str:
    r"""Return a message on one line, with tabs as `\t`, since they look like spaces."""
    return " ".join(map(str.strip, message.splitlines())).replace("\t", r"\t")


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error means that memory has run out, in Python or in a library."""
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return True
    return any(sign in str(error) for sign in OUT_OF_MEMORY)


def brief(error: BaseException) -> str:
    """Return the beginning of a library's message on one line; some fill pages."""
    return textwrap.shorten(str(error) or type(error).__name__, LONGEST_MESSAGE)


# Writes a setting, given its name and its value; the value is None if the person chooses it. The
# result is None if there is no such setting.
Wording = Callable[[str, Any], str | None]


def in_python(name: str, value: Any) -> str:
    """Write a setting as an argument of a call."""
    return name if value is None else f"{name}={value!r}"


_wording: ContextVar[Wording] = ContextVar("wording", default=in_python)


@contextmanager
def worded(wording: Wording) -> Iterator[None]:
    """Let errors that are raised in a block write settings in this way."""
    token = _wording.set(wording)
    try:
        yield
    finally:
        _wording.reset(token)


def by_setting(words: str, name: str, value: Any = None, *, otherwise: str = "") -> str:
    """Return a remedy that is a setting: an option on the command line, an argument in Python.

    Args:
        words: the remedy, with {} for the setting.
        name: name of the setting.
        value: its value; None if the person chooses it.
        otherwise: the remedy for a command without that setting.
    """
    written = _wording.get()(name, value)
    return otherwise if written is None else words.format(written)
