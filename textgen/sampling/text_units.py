"""Boundary detectors: they find the end of the first line, paragraph or sentence of a text.

The rule for sentences is our own because no library fits: `sentence-stream` strips what it finds
and searches all that is held anew, `uniseg` and ICU (UAX #29) want the whole text.

A unit holds more than white space: white space at the beginning belongs to it.
"""

import unicodedata
from enum import Enum

# Unicode Standard Annex #29, Sentence_Break=ATerm and STerm, in the most common scripts.
SPACED_TERMINATORS = frozenset(".!?…‼⁇⁈⁉؟۔।॥։።፧။៖៕‽")  # noqa: RUF001  # meant as they are
# Those of scripts that put no space after a sentence.
UNSPACED_TERMINATORS = frozenset("。！？｡．﹒﹖﹗")  # noqa: RUF001  # meant as they are
TERMINATORS = SPACED_TERMINATORS | UNSPACED_TERMINATORS
QUOTES = "\"'"  # those that open as well as close
CLOSING = frozenset(("Pe", "Pf"))  # general categories of closing brackets and quotes
OPENING_QUOTE = "Pi"  # closes a quotation, too, in some languages


class Verdict(Enum):
    """The decision on a character."""

    PASS = "pass"  # it is part of the text, and so are the held characters
    HOLD = "hold"  # it is part of the text unless the unit has ended before it
    END = "end"  # the unit has ended before it and the held characters


class BoundaryDetector:
    """Passes all text on: the detector of documents, which the model ends by itself.

    Attributes:
        stopped: whether the unit has ended.
    """

    signs: frozenset[str] = frozenset()  # the characters without which nothing can end

    def __init__(self) -> None:
        self.stopped = False
        self._begun = False  # some text that is not white has passed
        self._alert = False  # the next character matters, whatever it is
        self._held: list[str] = []  # one character each

    @property
    def is_deciding(self) -> bool:
        """Whether the next character decides about earlier ones."""
        return self._alert or bool(self._held)

    def pass_over(self, text: str) -> None:
        """Take note of text in which the unit cannot end."""
        self._begun = self._begun or bool(text.strip())

    def push(self, text: str) -> str:
        """Return the text that is final and has not been returned before."""
        if not self._alert and self.signs.isdisjoint(text):
            self.pass_over(text)
            return text
        passed: list[str] = []
        for character in text:
            verdict = self._judge(character)
            if verdict is Verdict.END:
                self.stopped = True
                self._held.clear()
                break
            self._held.append(character)
            if verdict is Verdict.PASS:
                passed += self._held
                self._held.clear()
        return "".join(passed)

    def finish(self) -> str:
        """Return the held text, if it is part of the text."""
        held = "".join(self._held)
        self._held.clear()
        return held

    def _judge(self, character: str) -> Verdict:
        """Decide on a character."""
        self._begun = self._begun or not character.isspace()
        return Verdict.PASS


class LineDetector(BoundaryDetector):
    """Ends before the first line feed."""

    signs = frozenset("\n")

    def _judge(self, character: str) -> Verdict:
        if character == "\n" and self._begun:
            return Verdict.END
        return super()._judge(character)


class ParagraphDetector(BoundaryDetector):
    """Ends before the first blank line: line feed, any spaces and tabs, line feed."""

    signs = frozenset("\n")

    def _judge(self, character: str) -> Verdict:
        if character == "\n" and self._begun:
            verdict = Verdict.END if self._alert else Verdict.HOLD
        elif self._alert and character in " \t":
            verdict = Verdict.HOLD
        else:
            verdict = super()._judge(character)
        self._alert = verdict is Verdict.HOLD
        return verdict


class SentenceDetector(BoundaryDetector):
    """Ends after a terminator and the closing quotes and brackets after it.

    The next character decides, as in rule SB8 of UAX #29: a terminator followed by white space is
    no end if the next letter or digit is a lower-case letter ("e.g. this", '"Stop!" he said').
    If anything else follows, the sentence goes on ("3.14"), except in scripts without spaces. An
    abbreviation before a capital letter ends it, as in UAX #29.
    """

    signs = TERMINATORS

    def __init__(self) -> None:
        super().__init__()
        self._spaced = True  # the last terminator needs white space after it

    def finish(self) -> str:
        """Return nothing: a text that ends after a terminator ends with a sentence."""
        self.stopped = self.stopped or self._alert
        self._held.clear()
        return ""

    def _judge(self, character: str) -> Verdict:
        if character in TERMINATORS:
            self._spaced = character in SPACED_TERMINATORS
            self._alert = True
            return Verdict.PASS
        if not self._alert:
            return Verdict.PASS
        return self._look_ahead(character) if self._held else self._look_behind(character)

    def _look_behind(self, character: str) -> Verdict:
        """Decide on a character right after a terminator."""
        if self._closes(character):
            return Verdict.PASS
        if not self._spaced:
            return Verdict.END
        self._alert = character.isspace()
        return Verdict.HOLD if self._alert else Verdict.PASS

    def _look_ahead(self, character: str) -> Verdict:
        """Decide on a character after a terminator and white space."""
        if not character.isalnum():
            return Verdict.HOLD
        self._alert = not character.islower()
        return Verdict.END if self._alert else Verdict.PASS

    def _closes(self, character: str) -> bool:
        """Tell whether a character after a terminator closes a quotation or a bracket."""
        category = unicodedata.category(character)
        return (
            character in QUOTES
            or category in CLOSING
            or (self._spaced and category == OPENING_QUOTE)
        )


UNIT_CLASSES = {
    "document": BoundaryDetector,
    "line": LineDetector,
    "paragraph": ParagraphDetector,
    "sentence": SentenceDetector,
}
