"""Checks of the arguments of public methods, by their annotations."""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from textgen.config.base import legal_range
from textgen.config.values import converted, shown
from textgen.errors import UsageError

AnyClass = TypeVar("AnyClass", bound=type)
# Takes an argument's name, value and type; returns the value for the method or raises UsageError.
Check = Callable[[str, Any, Any], Any]

VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def checked(kind: AnyClass) -> AnyClass:
    """Check the arguments of a class's public methods against their annotations.

    An argument of another type is a `UsageError` that names it, raised before the method begins. An
    annotation `Annotated[type, check]` calls that `Check`.
    """
    for name, member in list(vars(kind).items()):
        if name == "__init__" or not name.startswith("_"):
            setattr(kind, name, _checked_member(member))
    return kind


def in_range(minimum: int, maximum: int | None = None) -> Check:
    """Return the check of a number's range, both ends included."""
    limits = {"minimum": minimum, "maximum": maximum}

    def check(name: str, value: Any, hint: Any) -> Any:
        number = converted(name, value, hint)
        if number is not None and not minimum <= number <= (number if maximum is None else maximum):
            raise UsageError(f"{name} is {shown(value)}; it must be {legal_range(limits)}")
        return number

    return check


def _checked_member(member: Any) -> Any:
    """Return a member of a class, checked if it is a method."""
    if isinstance(member, classmethod):
        return classmethod(_checked_method(member.__func__))
    if isinstance(member, property):
        return property(member.fget, member.fset and _checked_method(member.fset))
    return _checked_method(member) if inspect.isfunction(member) else member


def _checked_method(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that checks its arguments first."""
    signature = inspect.signature(method)

    @functools.wraps(method)
    def call(*args: Any, **others: Any) -> Any:
        given = signature.bind(*args, **others)
        for name, read in _readers(method).items():
            if name in given.arguments:
                given.arguments[name] = read(given.arguments[name])
        return method(*given.args, **given.kwargs)

    return call


@functools.cache
def _readers(method: Callable[..., Any]) -> dict[str, Callable[[Any], Any]]:
    """Return the readers of a method's arguments, made late: annotations may name later classes."""
    hints = get_type_hints(method, include_extras=True)
    parameters = inspect.signature(method).parameters.values()
    named = [p.name for p in parameters if p.kind not in VARIABLE and p.name in hints]
    return {name: functools.partial(_read, name, hints[name]) for name in named}


def _read(name: str, hint: Any, value: Any) -> Any:
    """Return an argument with the type of its annotation."""
    if get_origin(hint) is not Annotated:
        return converted(name, value, hint)
    kind, check = get_args(hint)
    return check(name, value, kind)
