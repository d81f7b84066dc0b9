"""Conversion of values to the types of settings and arguments."""

import operator
import os
import types
from collections.abc import Iterable, Mapping, Sequence, Set
from decimal import Decimal
from functools import reduce
from numbers import Real
from operator import or_
from pathlib import Path
from typing import Any, NoReturn, Union, get_args, get_origin

from textgen.errors import UsageError

LONGEST_SHOWN = 80  # characters of a value in an error

# The remedy where an object of some kind was given in the place of a text.
REMEDIES = {
    "bytes": "decode it first, as data.decode()",
    "path": "str(path) is its name, path.read_text() its text",
    "file": "file.read() is its text",
}
# The remedies where several texts are legal.
LIST_REMEDIES = REMEDIES | {
    "frame": "give one of its columns, as frame['text']",
    "set": "give a list, whose order is fixed",
}


def kind_of(value: Any) -> str:
    """Return the kind of an object that is often given by mistake in the place of texts.

    Returns:
        one of "none", "bytes", "path", "mapping", "set", "file" and "frame"; "" for other objects.
    """
    kinds = {
        "none": value is None,
        "bytes": isinstance(value, bytes | bytearray | memoryview),
        "path": isinstance(value, os.PathLike),
        "mapping": isinstance(value, Mapping),
        "set": isinstance(value, Set),
        "file": hasattr(value, "read"),
        "frame": hasattr(value, "columns"),  # of pandas, polars, Arrow
    }
    return next((kind for kind, is_it in kinds.items() if is_it), "")


def refuse(name: str, value: Any, legal: str, remedies: Mapping[str, str] = REMEDIES) -> NoReturn:
    """Refuse a value of the wrong type.

    Args:
        name: name of the setting or argument.
        value: the given value.
        legal: description of a legal value, which follows "it must be".
        remedies: remedies by `kind_of` the value.

    Raises:
        UsageError: always.
    """
    remedy = remedies.get(kind_of(value))
    rest = f"; {remedy}" if remedy else ""
    raise UsageError(f"{name} is {shown(value)}; it must be {legal}{rest}")


def shown(value: Any) -> str:
    """Return a value for an error message: on one line, and its type if it is long."""
    if isinstance(value, str):
        short = value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]}..."
        return repr(short)
    try:
        text = repr(value) if isinstance(value, int | float | list | tuple | dict | None) else ""
    except ValueError:  # Python writes no number that has thousands of digits
        return "a number with thousands of digits"
    return text if 0 < len(text) <= LONGEST_SHOWN else f"of type {type(value).__name__}"


def exact(number: float) -> str:
    """Return a number with all digits that matter: 64, 0.01."""
    return f"{Decimal(repr(number)).normalize():f}"


def converted(name: str, value: Any, hint: Any) -> Any:
    """Return a value as a type. Numbers are duck-typed, so those of NumPy are legal.

    Args:
        name: name of the setting or argument, for the error.
        value: the given value.
        hint: the type, as an annotation: a class, classes joined by `|`, or a tuple, sequence or
            mapping of them.

    Raises:
        UsageError: the value has another type.
    """
    if hint is Any or (value is None and type(None) in get_args(hint)):
        return value
    kind = inner_type(hint)
    if is_tuple_type(hint):
        return tuple(converted(name, item, kind) for item in _items(name, value))
    if get_origin(kind) is tuple:
        return _parts(name, value, get_args(kind))
    if get_origin(kind) is Sequence:
        return _sequence(name, value, *get_args(kind))
    if get_origin(kind) is Mapping:
        return _mapping(name, value, *get_args(kind))
    return _plain(name, value, get_args(kind) if _is_union(kind) else (kind,))


def is_tuple_type(hint: Any) -> bool:
    """Tell whether a type is `tuple[item, ...]`, which holds several values."""
    return get_origin(hint) is tuple and get_args(hint)[-1] is Ellipsis


def inner_type(hint: Any) -> Any:
    """Return the type of one value: `int` for `int`, `int | None` and `tuple[int, ...]`."""
    if is_tuple_type(hint):
        return get_args(hint)[0]
    if _is_union(hint):
        return reduce(or_, (kind for kind in get_args(hint) if kind is not type(None)))
    return hint


def several(value: Any) -> tuple[Any, ...]:
    """Return a value as several: the pairs of a table, the items of a list, else itself alone."""
    if isinstance(value, Mapping):
        return tuple(value.items())
    is_single = isinstance(value, str | bytes) or not isinstance(value, Iterable)
    return (value,) if is_single else tuple(value)


def _is_union(hint: Any) -> bool:
    """Tell whether a type is made with `|`."""
    return get_origin(hint) in (Union, types.UnionType)


def _items(name: str, value: Any) -> tuple[Any, ...]:
    """Return the values of a setting that holds several; None stands for no values."""
    if isinstance(value, Set):
        refuse(name, value, "a list, whose order is fixed", {})
    return () if value is None else several(_python(value))


def _parts(name: str, value: Any, kinds: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a value as a tuple with one part for each type."""
    value = _python(value)
    if not isinstance(value, tuple | list) or len(value) != len(kinds):
        raise UsageError(
            f"{name} holds {shown(value)}; it must hold lists of {len(kinds)} values each"
        )
    return tuple(converted(name, part, kind) for part, kind in zip(value, kinds, strict=True))


def _sequence(name: str, value: Any, kind: Any) -> tuple[Any, ...]:
    """Return an argument that holds several values, and refuse a single one."""
    if isinstance(value, str) or kind_of(value) or not isinstance(value, Iterable):
        refuse(name, value, f"a list, as {name}=[...]")
    return tuple(converted(name, item, kind) for item in value)


def _mapping(name: str, value: Any, key: Any, kind: Any) -> dict[Any, Any]:
    """Return an argument that holds values by name."""
    if not isinstance(value, Mapping):
        refuse(name, value, "a mapping, as {name: value}")
    return {converted(name, k, key): converted(name, v, kind) for k, v in value.items()}


def _plain(name: str, value: Any, kinds: Iterable[Any]) -> Any:
    """Return a single value as the first type that it can be converted to."""
    plain = [get_origin(kind) or kind for kind in kinds]
    python = _python(value)
    for kind in plain:
        read = _READERS.get(kind)
        result = read(python) if read else _instance(kind, python, value)
        if result is not None and not (Path in plain and _is_no_path(result)):
            return result
    if Path in plain:
        refuse(name, value, "a path, of type str or Path", {})
    refuse(name, value, f"of type {' or '.join(kind.__name__ for kind in plain)}")


def _instance(kind: type, *values: Any) -> Any:
    """Return the first value of a type; None if there is none."""
    return next((value for value in values if isinstance(value, kind)), None)


def _python(value: Any) -> Any:
    """Return a number or an array of NumPy, or an object like one, as Python's own."""
    return value.tolist() if hasattr(value, "tolist") else value


def _whole(value: Any) -> int | None:
    """Return a whole number; None for other objects, and for truth values."""
    return operator.index(value) if hasattr(value, "__index__") and not _is_truth(value) else None


def _real(value: Any) -> float | None:
    """Return a number; None for other objects, and for truth values."""
    if not isinstance(value, Real) or _is_truth(value):
        return None
    try:
        return float(value)
    except OverflowError:  # a whole number beyond every range
        return float("inf")


def _is_truth(value: Any) -> bool:
    """Tell whether a value is True or False, which Python takes for 1 and 0."""
    return isinstance(value, bool)


def _path(value: Any) -> Path | None:
    """Return a path; None for other objects, and for paths of bytes."""
    name = os.fspath(value) if isinstance(value, os.PathLike) else None
    return Path(name) if isinstance(name, str) else None


def _is_no_path(value: Any) -> bool:
    """Tell whether a text is illegal as a path on every system."""
    try:
        return b"\0" in os.fsencode(value)
    except UnicodeEncodeError:  # a lone surrogate
        return True


_READERS = {int: _whole, float: _real, Path: _path}
