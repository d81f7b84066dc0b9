"""Words of a text in any language, and hashes that are the same in every process.

A word is a run of letters, marks and digits (Unicode's categories L, M and N), case folded. All
other characters separate words. Chinese and Japanese have no spaces, so each ideograph and each
kana is a word. In Thai and its neighbours, which have none either, a word is the text between two
spaces.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

LONGEST_WORD = 256  # characters; a longer run is cut, so that no run fills the memory
BLOCK = 1 << 16  # characters that are searched at a time
CACHED_WORDS = 1 << 16  # words whose hashes are kept
FACTOR = np.uint64(0x9E3779B97F4A7C15)  # an odd number with well mixed bits

# Radicals, kana, bopomofo and ideographs; those that are no letters are removed below.
UNSPACED = "\u2e80-\u312f\u31a0-\u9fff\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b16f"
IDEOGRAPHS_BEYOND = "\U00020000-\U0003ffff"
# Beyond U+FFFF, whole blocks will do: ancient and minority scripts, without notes and emoji.
SCRIPTS_BEYOND = "\U00010000-\U0001afff\U0001d400-\U0001efff"


def find_words(text: str) -> list[str]:
    """Return the words of a text, case folded, in order."""
    return _pattern().findall(text.casefold())


def read_words(pieces: Iterable[str]) -> Iterator[list[str]]:
    """Yield the words of a text in pieces, cut anywhere.

    The joined lists are `find_words` of the joined pieces.
    """
    rest = ""
    for piece in pieces:
        for start in range(0, len(piece), BLOCK):
            text = (rest + piece[start : start + BLOCK]).casefold()
            words = _pattern().findall(text)
            rest = words.pop() if words and text.endswith(words[-1]) else ""
            yield words
    yield find_words(rest)


def hash_words(words: list[str]) -> NDArray[np.uint64]:
    """Return the hash of each word, uint64, of shape (words,)."""
    return np.fromiter(map(hash_word, words), np.uint64, len(words))


@lru_cache(maxsize=CACHED_WORDS)
def hash_word(word: str) -> int:
    """Return 64 bits of the BLAKE2b of a word. Python's `hash` differs between processes."""
    return int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "little")


def hash_windows(hashes: NDArray[np.uint64], length: int) -> NDArray[np.uint64]:
    """Return a hash of each window of words (Karp and Rabin 1987, modulo 2**64).

    Args:
        hashes: of the words, of shape (words,).
        length: words in a window.

    Returns:
        uint64, of shape (words - length + 1,), or (0,) if there are fewer words.
    """
    if hashes.size < length:
        return hashes[:0]
    return np.convolve(hashes, FACTOR ** np.arange(length, dtype=np.uint64), "valid")


@cache
def _pattern() -> re.Pattern[str]:
    """Return the expression of a word. Written out, it is as fast as `\\w`, which lacks marks."""
    plane = map(chr, range(1 << 16))
    letters = "".join(sign for sign in plane if unicodedata.category(sign)[0] in "LMN")
    spaced = re.sub(f"[{UNSPACED}]", "", letters) + SCRIPTS_BEYOND
    unspaced = re.sub(f"[^{UNSPACED}]", "", letters) + IDEOGRAPHS_BEYOND
    return re.compile(f"[{spaced}]{{1,{LONGEST_WORD}}}|[{unspaced}]")
