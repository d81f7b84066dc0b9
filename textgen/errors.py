"""The error tree: one root, one subclass per exit code of the command line.

Every message is one line that says what is wrong, where, and what to do about it.
"""


class TextgenError(Exception):
    """Root of every error that textgen raises on purpose."""

    exit_code = 1


class UsageError(TextgenError):
    """An impossible value or combination of options, or an output that is in the way."""

    exit_code = 2


class TrainingDiverged(TextgenError):
    """The training loss became NaN or infinite."""

    exit_code = 3


class DataError(TextgenError):
    """A corpus, prompt, token store or model folder that cannot be used as it is."""

    exit_code = 65


class MissingInput(TextgenError):
    """A file, folder, recipe or model that is not there."""

    exit_code = 66


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
