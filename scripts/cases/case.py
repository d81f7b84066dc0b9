"""The registry of cases that `try_cases.py` runs."""

from collections.abc import Callable
from dataclasses import dataclass

from cases.trial import Trial

Function = Callable[[Trial], None]


@dataclass(frozen=True)
class Case:
    """A report that can be tried again.

    Attributes:
        id: that of its row.
        try_it: does so, and notes what it checks.
    """

    id: str
    try_it: Function


CASES: dict[str, Case] = {}


def case(name: str) -> Callable[[Function], Function]:
    """Register a function as the case of a row."""

    def register(function: Function) -> Function:
        CASES[name] = Case(name, function)
        return function

    return register
