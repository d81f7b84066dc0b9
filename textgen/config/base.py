"""What every configuration shares: self-checking fields, near-match hints, plain dictionaries."""

import dataclasses
import difflib
import types
from collections.abc import Iterable, Mapping
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
) -> Any:
    """Declare a configuration field.

    Args:
        default: the one place where this setting's default is written.
        help: one sentence for `--help`.
        flags: option names beside the one made from the field's name.
        minimum, maximum: legal range, both ends included.
        above, below: legal range, the end excluded.
        choices: the legal strings.
    """
    metadata = {
        "help": help,
        "flags": flags,
        "minimum": minimum,
        "maximum": maximum,
        "above": above,
        "below": below,
        "choices": choices,
    }
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Base of the configurations: checks types and ranges when made, so none is ever illegal."""

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self))
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
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
        values = {name: getattr(self, name) for name in self.names()}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some settings changed, checked like a new one."""
        return type(self).from_dict(self.to_dict() | changes)


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


def takes_names(hint: Any) -> bool:
    """Tell whether a field's type is `float | str`, a number or else a name."""
    return not is_tuple_type(hint) and str in get_args(hint) and inner_type(hint) is not str


def is_tuple_type(hint: Any) -> bool:
    """Tell whether a field's type is `tuple[item, ...]`, an option that holds several values."""
    return get_origin(hint) is tuple


def inner_type(hint: Any) -> Any:
    """Return the type of one value: `int` for `int`, `int | None` and `tuple[int, ...]`.

    Of `float | str`, a number or else a name, it is the number's.
    """
    if get_origin(hint) in (Union, types.UnionType):
        return next(kind for kind in get_args(hint) if kind is not type(None))
    return get_args(hint)[0] if is_tuple_type(hint) else hint


def _converted(name: str, value: Any, hint: Any) -> Any:
    """Return `value` as the field's type: a number or string alone serves as a tuple of one."""
    if value is None and type(None) in get_args(hint):
        return None
    if isinstance(value, str) and takes_names(hint):
        return value
    kind = inner_type(hint)
    if is_tuple_type(hint):
        items = value if isinstance(value, tuple | list) else (value,)
        return tuple(_converted(name, item, kind) for item in items)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    plain = get_origin(kind) or kind  # dict, for dict[str, Any]
    if not isinstance(value, plain) or (isinstance(value, bool) and kind is not bool):
        raise UsageError(f"{name} is {value!r}; it must be of type {plain.__name__}")
    return value


def _check_range(field: "dataclasses.Field[Any]", value: Any) -> None:
    """Refuse a value outside the field's range or choices, naming the legal ones."""
    choices = field.metadata.get("choices")
    for item in value if isinstance(value, tuple) else (value,):
        if choices and item is not None and item not in choices:
            raise UsageError(f"{field.name} is {item!r}; it must be one of {', '.join(choices)}")
        if isinstance(item, int | float) and not _within(field.metadata, item):
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
