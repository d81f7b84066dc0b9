"""Safe places to cut a long text: its pieces, cleaned one by one, give the clean whole."""

import unicodedata
from collections.abc import Iterator

# The longest run of characters that may join the one before them. Languages need a few; a longer
# run is cut all the same, so that a text is never held whole.
LONGEST_RUN = 1 << 14


def cut_safely(chunks: Iterator[str], longest: int) -> Iterator[str]:
    """Regroup chunks into pieces that can be cleaned one by one.

    A piece ends after a line feed or, in a line longer than `longest`, before a normalization
    boundary. A piece that ends within a line holds no line feed.

    Args:
        chunks: a text with LF line ends, cut anywhere.
        longest: characters of a line that are not cut, and roughly those of a piece.
    """
    carry = ""
    for chunk in chunks:
        carry += chunk
        cut = carry.rfind("\n") + 1
        if not cut and len(carry) > longest:
            cut = _last_boundary(carry)
        if cut:
            yield carry[:cut]
            carry = carry[cut:]
    if carry:
        yield carry


def is_boundary(character: str) -> bool:
    """Return whether a character is a boundary in all normal forms (Unicode Annex 15, 9).

    It never joins the character before it, and cleaning does not remove it, as it may remove a
    control character. Vowels and final consonants of Hangul are letters that do join.
    """
    return (
        unicodedata.category(character)[0] in "LNPSZ"
        and unicodedata.is_normalized("NFKC", character)
        and not "\u1160" <= character <= "\u11ff"
        and not "\ud7b0" <= character <= "\ud7ff"
        and character not in "\U00016d67\U00016d68"  # vowels of Kirat Rai
    )


def _last_boundary(text: str) -> int:
    """Return the index of the last boundary, or 0 to wait for one."""
    for index in range(len(text) - 1, max(0, len(text) - LONGEST_RUN), -1):
        if is_boundary(text[index]):
            return index
    return len(text) if len(text) > LONGEST_RUN else 0
