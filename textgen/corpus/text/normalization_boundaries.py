"""Where a long text can be cut so that its pieces come out clean as the whole would."""

import unicodedata
from collections.abc import Iterator

# Characters in a row of which each may join the one before it. Languages need a few; beyond this
# many a text is cut all the same, so that it is never held whole.
LONGEST_RUN = 1 << 14


def cut_safely(chunks: Iterator[str], longest: int) -> Iterator[str]:
    """Join and cut chunks anew where cleaning does not reach across the cut.

    That is after a line feed or, in a line longer than `longest`, before a character that begins
    anew. A piece that ends within a line holds no line feed.

    Args:
        chunks: a text with LF line ends, cut anywhere.
        longest: characters of a line that are not cut, and roughly those of a piece.
    """
    carry = ""
    for chunk in chunks:
        carry += chunk
        cut = carry.rfind("\n") + 1
        if not cut and len(carry) > longest:
            cut = _last_beginning(carry)
        if cut:
            yield carry[:cut]
            carry = carry[cut:]
    if carry:
        yield carry


def begins_anew(character: str) -> bool:
    """Whether a character is a boundary in all normal forms (Unicode Standard Annex 15, 9).

    It does not join the one before it, whatever that is, and it is no control character, so it
    is not taken out. Vowels and final consonants of Hangul are letters that do join.
    """
    return (
        unicodedata.category(character)[0] in "LNPSZ"
        and unicodedata.is_normalized("NFKC", character)
        and not "\u1160" <= character <= "\u11ff"
        and not "\ud7b0" <= character <= "\ud7ff"
        and character not in "\U00016d67\U00016d68"  # vowels of Kirat Rai
    )


def _last_beginning(text: str) -> int:
    """Return where the last character is that begins anew, or 0 to wait for one."""
    for index in range(len(text) - 1, max(0, len(text) - LONGEST_RUN), -1):
        if begins_anew(text[index]):
            return index
    return len(text) if len(text) > LONGEST_RUN else 0
