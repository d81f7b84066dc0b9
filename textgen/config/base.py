"""What every configuration shares: self-checking fields, near-match hints, plain dictionaries."""

import dataclasses
import difflib
import types
from collections.abc import Iterable, Mapping
from functools import cache, reduce
from operator import or_
from typing import Any, Self, Union, get_args, get_origin, get_type_hints

from textgen.errors import UsageError


def option(
    default: Any,
    help: str,
    *,
    flags: tuple[str, ...] = (),
    minimum: float | None = None,
    maximum: float | None = None,
    above: float | None = None,
    below: float | None = None,
    choices: tuple[str, ...] = (),
    is_fitted: bool = False,
) -> Any:
    """Declare a configuration field.

    Args:
        default: the one place where this setting's default is written.
        help: one sentence for `--help`.
        flags: option names beside the one made from the field's name.
        minimum, maximum: legal range, both ends included.
        above, below: legal range, the end excluded.
        choices: the legal strings.
        is_fitted: whether `--size` sets it where a person does not.
    """
    metadata = {
        "help": help,
        "flags": flags,
        "minimum": minimum,
        "maximum": maximum,
        "above": above,
        "below": below,
        "choices": choices,
        "is_fitted": is_fitted,
    }
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Base of the configurations: checks types and ranges when made, so none is ever illegal."""

    def __post_init__(self) -> None:
        hints = _type_hints(type(self))  # type: ignore[arg-type]  # mypy mistakes whose hash it is
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value is field.default:
                continue
            converted = _converted(field.name, value, hints[field.name])
            _check_range(field, converted)
            object.__setattr__(self, field.name, converted)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of the settings, in order."""
        return tuple(field.name for field in dataclasses.fields(cls))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, where: str = "") -> Self:
        """Make a configuration from a dictionary whose keys are the settings' names.

        Raises:
            UsageError: an unknown key (with the nearest known one) or an illegal value.
        """
        reject_unknown(values, cls.names(), where=where)
        try:
            return cls(**values)
        except UsageError as error:
            raise UsageError(f"{where}: {error}" if where else str(error)) from None
        except TypeError as error:
            raise UsageError(f"{where or cls.__name__}: {error}") from None

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as values that JSON can hold."""
        return {name: _listed(getattr(self, name)) for name in self.names()}

    def replace(self, /, **changes: Any) -> Self:
        """Return a copy with some settings changed, checked like a new one."""
        return type(self).from_dict(self.to_dict() | changes)


@cache
def _type_hints(kind: type) -> dict[str, Any]:
    """Return the types of a configuration's fields; looking them up takes a while."""
    return get_type_hints(kind)


def reject_unknown(keys: Iterable[str], known: Iterable[str], *, where: str = "") -> None:
    """Refuse a key that nobody knows.

    Raises:
        UsageError: naming the key and the nearest known one.
    """
    names = list(known)
    for key in keys:
        if key not in names:
            near = difflib.get_close_matches(key, names, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(names)}"
            raise UsageError(f"{where + ': ' if where else ''}unknown setting {key!r}; {hint}")


def is_tuple_type(hint: Any) -> bool:
    """Tell whether a field's type is `tuple[item, ...]`, an option that holds several values."""
    return get_origin(hint) is tuple and get_args(hint)[-1] is Ellipsis


def inner_type(hint: Any) -> Any:
    """Return the type of one value: `int` for `int`, `int | None` and `tuple[int, ...]`."""
    if is_tuple_type(hint):
        return get_args(hint)[0]
    if _is_union(hint):
        return reduce(or_, (kind for kind in get_args(hint) if kind is not type(None)))
    return hint


def several(value: Any) -> tuple[Any, ...]:
    """Return the values that one stands for: a table's pairs, a list's items, or itself alone."""
    if isinstance(value, Mapping):
        return tuple(value.items())
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def _listed(value: Any) -> Any:
    """Return tuples as lists, as JSON gives them back."""
    return [_listed(item) for item in value] if isinstance(value, tuple) else value


def _is_union(hint: Any) -> bool:
    """Tell whether a type is made with `|`."""
    return get_origin(hint) in (Union, types.UnionType)


def _converted(name: str, value: Any, hint: Any) -> Any:
    """Return `value` as the field's type."""
    if value is None and type(None) in get_args(hint):
        return None
    kind = inner_type(hint)
    if is_tuple_type(hint):
        return tuple(_converted(name, item, kind) for item in several(value))
    if get_origin(kind) is tuple:
        return _converted_parts(name, value, get_args(kind))
    plain = get_args(kind) if _is_union(kind) else (get_origin(kind) or kind,)
    if float in plain and int not in plain and type(value) is int:
        return float(value)
    if not isinstance(value, plain) or (isinstance(value, bool) and bool not in plain):
        legal = " or ".join(one.__name__ for one in plain)
        raise UsageError(f"{name} is {value!r}; it must be of type {legal}")
    return value


def _converted_parts(name: str, value: Any, kinds: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return `value` as a tuple that has one part of each type."""
    if not isinstance(value, tuple | list) or len(value) != len(kinds):
        raise UsageError(f"{name} holds {value!r}; it must hold lists of {len(kinds)} values each")
    return tuple(_converted(name, part, kind) for part, kind in zip(value, kinds, strict=True))


def _check_range(field: "dataclasses.Field[Any]", value: Any) -> None:
    """Refuse a value outside the field's range or choices, naming the legal ones."""
    choices = field.metadata.get("choices")
    for item in value if isinstance(value, tuple) else (value,):
        if choices and item is not None and item not in choices:
            raise UsageError(f"{field.name} is {item!r}; it must be one of {', '.join(choices)}")
        number = item[-1] if isinstance(item, tuple) else item  # of a pair, its value
        if isinstance(number, int | float) and not _within(field.metadata, number):
            raise UsageError(f"{field.name} is {item}; it must be {legal_range(field.metadata)}")


def _within(limits: Mapping[str, Any], value: float) -> bool:
    """Tell whether a number lies in the legal range; NaN never does."""
    minimum, maximum = limits.get("minimum"), limits.get("maximum")
    above, below = limits.get("above"), limits.get("below")
    return (
        value == value
        and (minimum is None or value >= minimum)
        and (maximum is None or value <= maximum)
        and (above is None or value > above)
        and (below is None or value < below)
    )


def legal_range(limits: Mapping[str, Any]) -> str:
    """Put a legal range into words: 'at least 0', 'above 0 and at most 1'."""
    words = {"minimum": "at least", "above": "above", "maximum": "at most", "below": "below"}
    parts = [
        f"{word} {limits[key]:g}" for key, word in words.items() if limits.get(key) is not None
    ]
    return " and ".join(parts) or "a number"
