"""Base of all configurations: checked fields, hints at near matches, plain dictionaries."""

import dataclasses
import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Self, get_type_hints

from textgen.config.other_names import meant_by
from textgen.config.values import converted, exact, refuse, shown
from textgen.errors import UsageError


def option(  # noqa: PLR0913  # one call declares all about a setting
    default: Any,
    help: str,
    *,
    group: str = "",
    flags: tuple[str, ...] = (),
    minimum: float | None = None,
    maximum: float | None = None,
    above: float | None = None,
    below: float | None = None,
    choices: tuple[str, ...] = (),
    is_fitted: bool = False,
    reads: Callable[[Any], Any] | None = None,
) -> Any:
    """Declare a configuration field, which is also an option of the command line.

    Args:
        default: default value; it is written here alone.
        help: one sentence for `--help`.
        group: heading in `--help`, one of `cli.help.GROUPS`; empty for one of the first options.
        flags: option names beside the one made from the field's name.
        minimum: smallest legal value.
        maximum: largest legal value.
        above: limit that a legal value exceeds.
        below: limit that a legal value stays under.
        choices: the legal strings.
        is_fitted: whether `config/size.py` replaces the default in a training from scratch. The
            help then shows "by --size".
        reads: turns an object that programs use in the place of the value, such as a `timedelta`,
            into the value; returns other objects unchanged.
    """
    metadata = {
        "help": help,
        "group": group,
        "flags": flags,
        "minimum": minimum,
        "maximum": maximum,
        "above": above,
        "below": below,
        "choices": choices,
        "is_fitted": is_fitted,
        "reads": reads,
    }
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Base of the configurations. Types and ranges are checked when an instance is made."""

    def __post_init__(self) -> None:
        for name, value in self.held({name: getattr(self, name) for name in self.names()}).items():
            object.__setattr__(self, name, value)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of the settings, in order."""
        return tuple(field.name for field in dataclasses.fields(cls))

    @classmethod
    def held(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return some settings with the types of this configuration, each checked by itself.

        Args:
            values: settings by name; those of other configurations are left out.

        Raises:
            UsageError: a value has the wrong type, or is out of range.
        """
        hints = _type_hints(cls)  # type: ignore[arg-type]  # mypy mistakes whose hash it is
        fields = (field for field in dataclasses.fields(cls) if field.name in values)
        return {f.name: _read(f, values[f.name], hints[f.name]) for f in fields}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, where: str = "") -> Self:
        """Make a configuration from a dictionary of settings by name.

        Args:
            values: the settings.
            where: the place that errors name, such as a file.

        Raises:
            UsageError: an unknown name (with the nearest known one) or an illegal value.
        """
        if not isinstance(values, Mapping):
            refuse(where or "settings", values, "a mapping, as {name: value}")
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
    """Return the types of a configuration's fields, cached, since the look-up is slow."""
    return get_type_hints(kind)


def reject_unknown(keys: Iterable[str], known: Iterable[str], *, where: str = "") -> None:
    """Refuse an unknown key.

    Args:
        keys: the given names.
        known: the legal names.
        where: the place that the error names, such as a file.

    Raises:
        UsageError: names the key and the nearest known one.
    """
    names = list(known)
    for key in keys:
        if key not in names:
            near = difflib.get_close_matches(str(key), names, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(names)}"
            remedy = meant_by(str(key), names) or hint
            raise UsageError(f"{where + ': ' if where else ''}unknown setting {key!r}; {remedy}")


def _listed(value: Any) -> Any:
    """Return tuples as lists, recursively, for JSON."""
    return [_listed(item) for item in value] if isinstance(value, tuple) else value


def _read(field: "dataclasses.Field[Any]", value: Any, hint: Any) -> Any:
    """Return a value with the type of its field, checked."""
    if value is field.default:
        return value
    reads = field.metadata.get("reads")
    value = converted(field.name, reads(value) if reads else value, hint)
    _check_range(field, value)
    return value


def _check_range(field: "dataclasses.Field[Any]", value: Any) -> None:
    """Refuse a value outside the field's range or choices, naming the legal ones."""
    choices = field.metadata.get("choices")
    for item in value if isinstance(value, tuple) else (value,):
        if choices and item is not None and item not in choices:
            refuse(field.name, item, f"one of {', '.join(choices)}")
        number = item[-1] if isinstance(item, tuple) else item  # a pair ends with its number
        if isinstance(number, int | float) and not _within(field.metadata, number):
            legal = legal_range(field.metadata, is_finite=abs(number) != math.inf)
            raise UsageError(f"{field.name} is {shown(item)}; it must be {legal}")


def _within(limits: Mapping[str, Any], value: float) -> bool:
    """Tell whether a number is finite and lies in the legal range."""
    minimum, maximum = limits.get("minimum"), limits.get("maximum")
    above, below = limits.get("above"), limits.get("below")
    return (
        (isinstance(value, int) or math.isfinite(value))
        and (minimum is None or value >= minimum)
        and (maximum is None or value <= maximum)
        and (above is None or value > above)
        and (below is None or value < below)
    )


def legal_range(limits: Mapping[str, Any], *, is_finite: bool = True) -> str:
    """Return a legal range in words, such as 'at least 0' or 'above 0 and at most 1'.

    Args:
        limits: `minimum`, `maximum`, `above` and `below`, as far as the range has them.
        is_finite: whether the refused number is finite; if not, the words say "finite".
    """
    words = {"minimum": "at least", "above": "above", "maximum": "at most", "below": "below"}
    parts = [
        f"{word} {exact(limits[key])}" for key, word in words.items() if limits.get(key) is not None
    ]
    if not is_finite and limits.get("maximum") is limits.get("below") is None:
        parts.append("finite")
    return " and ".join(parts) or "a number"
