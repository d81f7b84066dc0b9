"""Cleaning: the changes of a text before a tokenizer sees it.

A change of its results raises `READING_VERSION` in `textgen.corpus.documents`.
"""

import re
import unicodedata
from collections import Counter
from typing import Literal, cast

from textgen.config.corpus import TextPolicy
from textgen.corpus.statistics import CorpusStatistics
from textgen.errors import DataError, by_setting

REPLACEMENT = "\ufffd"
CRLF = "CRLF line ends turned into LF"
LONE_CR = "lone CR line ends turned into LF"
CONTROLS = "control characters taken out"
SURROGATES = "lone surrogates replaced by U+FFFD"

NUL = "NUL, which no text holds; is it text, in this encoding? "

# Category Cc of Unicode other than tab and line feed.
_CONTROL = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class UncleanText(DataError):
    """A character that the policy refuses.

    Args:
        position: of the character in the text with LF line ends, from 0.
        what: its name, and a remedy.
    """

    def __init__(self, position: int, what: str) -> None:
        super().__init__(f"character {position + 1} of the text is {what}")
        self.position = position
        self.what = what


def clean_text(text: str, normal_form: str) -> str:
    """Return a text with LF line ends in a Unicode normal form.

    Args:
        text: any text.
        normal_form: "none", "nfc" or "nfkc" (Unicode Standard Annex 15).

    Raises:
        UncleanText: a lone surrogate, which no encoding can hold.
    """
    _refuse_surrogates(text, "it comes from bytes that are not valid UTF-8")
    return _normalized(unify_line_ends(text, Counter()), normal_form)


class TextCleaner:
    """Cleans texts and counts every change.

    Args:
        policy: the rules; its encoding does not matter here.
        statistics: counts the changes.
    """

    def __init__(self, policy: TextPolicy, statistics: CorpusStatistics) -> None:
        self._policy = policy
        self._changes = statistics.changes
        self._changed_line = False  # whether the last line of the last text is counted

    def clean(self, text: str, *, continues: bool = False) -> str:
        """Return the clean text: line ends, then surrogates, controls, normal form.

        Args:
            text: any text. The pieces of `cut_safely` give the same as the whole.
            continues: whether it continues the last line of the previous text.

        Raises:
            UncleanText: a lone surrogate or NUL that the policy refuses.
        """
        text = unify_line_ends(text, self._changes)
        text = self._without_surrogates(text)
        text = self._without_controls(text)
        return self._in_normal_form(text, continues)

    def _without_surrogates(self, text: str) -> str:
        """Refuse lone surrogates or replace them."""
        if self._policy.encoding_errors == "strict":
            words = "mend the text, or use {}"
            _refuse_surrogates(text, by_setting(words, "encoding_errors", "replace"))
            return text
        if _is_encodable(text):
            return text
        text, count = _SURROGATE.subn(REPLACEMENT, text)
        self._changes[SURROGATES] += count
        return text

    def _without_controls(self, text: str) -> str:
        """Refuse NUL, or remove all control characters."""
        if self._policy.control_characters == "remove":
            text, count = _CONTROL.subn("", text)
            if count:
                self._changes[CONTROLS] += count
        elif "\0" in text:
            raise UncleanText(text.index("\0"), NUL + _remedy_of_nul())
        return text

    def _in_normal_form(self, text: str, continues: bool) -> str:
        """Normalize a text, and count the lines that change."""
        form = self._policy.normalize
        normal = _normalized(text, form)
        is_counted = continues and self._changed_line
        if normal == text:
            self._changed_line = is_counted and "\n" not in text
            return text
        pairs = zip(text.split("\n"), normal.split("\n"), strict=True)
        changed = [before != after for before, after in pairs]
        again = is_counted and changed[0]  # the first line, of which the last text had a piece
        self._changes[f"lines changed by {form.upper()}"] += sum(changed) - again
        self._changed_line = changed[-1] or (is_counted and len(changed) == 1)
        return normal


def _remedy_of_nul() -> str:
    """Return the remedy for NUL."""
    encoding = by_setting("try {}", "encoding", "auto", otherwise="convert it to UTF-8")
    return encoding + by_setting(", or {}", "control_characters", "remove")


def unify_line_ends(text: str, changes: Counter[str]) -> str:
    """Turn CRLF and CR into LF, and count them."""
    if "\r" not in text:
        return text
    every, pairs = text.count("\r"), text.count("\r\n")
    changes.update({key: n for key, n in ((CRLF, pairs), (LONE_CR, every - pairs)) if n})
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _is_encodable(text: str) -> bool:
    """Return whether a text holds no lone surrogate."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse_surrogates(text: str, remedy: str) -> None:
    """Refuse a text with a lone surrogate, naming the first."""
    if _is_encodable(text):
        return
    position = cast(re.Match[str], _SURROGATE.search(text)).start()
    raise UncleanText(position, f"a lone surrogate (U+{ord(text[position]):04X}); {remedy}")


def _normalized(text: str, normal_form: str) -> str:
    """Return a text in a normal form; ASCII is in each."""
    if normal_form == "none" or text.isascii():
        return text
    return unicodedata.normalize(cast(Literal["NFC", "NFKC"], normal_form.upper()), text)
