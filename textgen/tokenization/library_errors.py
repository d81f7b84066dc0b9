"""Errors of the `tokenizers` library, translated into one of ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from textgen.errors import DataError


@contextmanager
def as_data_errors() -> Iterator[None]:
    """Turn every error of the library into a `DataError`.

    Some crafted files make it panic. A panic is no `Exception`, and its class cannot be imported.
    """
    try:
        yield
    except DataError:
        raise
    except Exception as error:  # the library raises bare Exception
        raise DataError(f"not a usable tokenizer.json: {error or type(error).__name__}") from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise DataError(f"not a usable tokenizer.json: the library panics: {error}") from None
