"""Filters: reasons to leave out single documents of a corpus."""

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from textgen.config.corpus import DocumentRule
from textgen.errors import DataError, NotInstalled, UsageError, by_setting

if TYPE_CHECKING:
    from regex import Pattern

# Part of every token store's key. Raise it with each change of the documents that are left out, by
# this module or its neighbours.
SELECTION_VERSION = 1
BLANK = "documents of white space only"
LONGEST_SEARCHED = 1 << 24  # characters
MOST_REPEATS = 1 << 20  # of a group in an expression, which the library expands


class DocumentFilter:
    """Filters documents by their length and by regular expressions.

    The library `regex` searches, because it has time limits. A search over the limit is an error
    and not a reason to leave a document out, since the documents of a corpus must not depend on a
    machine's speed.

    Args:
        rule: the lengths and expressions.

    Raises:
        UsageError: an invalid regular expression.
        NotInstalled: the library is not installed.
    """

    def __init__(self, rule: DocumentRule) -> None:
        self._rule = rule
        self._keep = rule.keep_matching and _compile("keep_matching", rule.keep_matching)
        self._drop = rule.drop_matching and _compile("drop_matching", rule.drop_matching)

    def reason(
        self, characters: int, read: Callable[[], str], where: str, *, is_blank: bool = False
    ) -> str | None:
        """Return the reason to leave a document out, the same for all such; None to keep it.

        Args:
            characters: code points of the document.
            read: returns its text; called only for an expression.
            where: the document's place, for errors.
            is_blank: whether it holds white space only.

        Raises:
            DataError: the document is too long for an expression, or a search takes too much time.
        """
        rule = self._rule
        if is_blank and not rule.strict:
            return BLANK
        if characters < rule.min_characters:
            return f"shorter than {rule.min_characters} characters"
        if rule.max_characters is not None and characters > rule.max_characters:
            return f"longer than {rule.max_characters} characters"
        if not (self._keep or self._drop):
            return None
        if characters > LONGEST_SEARCHED:
            raise DataError(
                f"{where}: a document of {characters:,} characters is too long for a regular "
                f"expression; make shorter ones"
                + by_setting(" ({} or line)", "documents", "paragraph")
            )
        return self._mismatch(read(), where)

    def _mismatch(self, text: str, where: str) -> str | None:
        """Return the expression that leaves a text out, as a reason."""
        if self._keep and not self._matches(self._keep, text, where):
            return f"without a match of {self._rule.keep_matching!r}"
        if self._drop and self._matches(self._drop, text, where):
            return f"with a match of {self._rule.drop_matching!r}"
        return None

    def _matches(self, expression: "Pattern[str]", text: str, where: str) -> bool:
        """Return whether an expression matches within the time limit."""
        seconds = self._rule.regex_seconds
        try:
            return expression.search(text, timeout=seconds) is not None
        except TimeoutError:
            raise DataError(
                f"{where}: the search for {expression.pattern!r} took more than {seconds:g} s; "
                f"write an expression with fewer ways to match, or allow more"
                + by_setting(" ({})", "regex_seconds")
            ) from None


def _compile(name: str, expression: str) -> "Pattern[str]":
    """Compile the regular expression of a setting."""
    try:
        import regex
    except ImportError:
        raise NotInstalled(name, "regex", "corpora") from None
    if _repeats(expression) > MOST_REPEATS:
        raise UsageError(
            f"{name} is {expression!r}, whose counts multiply to more than {MOST_REPEATS:,}; take "
            f"smaller ones"
        )
    try:
        return regex.compile(expression)
    except regex.error as error:
        raise UsageError(
            f"{name} is {expression!r}, which is no regular expression: {error}"
        ) from None
    except RecursionError:
        raise UsageError(f"{name} is nested too deeply; write it with fewer parentheses") from None


def _repeats(expression: str) -> int:
    """Return the most repeats that the counts in an expression, such as {3}, can multiply to."""
    counts = re.findall(r"\{\s*(\d+)", expression)
    return math.prod(max(1, int(count[:20])) for count in counts)
