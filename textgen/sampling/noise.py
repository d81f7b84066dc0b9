"""The random numbers of one generation, each a function of the seed and of where it is used."""

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint32]

# A counter of NumPy's Philox gives so many 64-bit words; each of our numbers takes half a word.
WORDS = 4
HALF_RANGE = 2.0**-32


class Noise:
    """Random bits for each token type, and for one decision more, at each position of a text.

    They come from Philox, a counter-based generator (Salmon et al. 2011) whose stream NumPy keeps
    the same for good. Each position has counters of its own, so what is drawn at one does not
    depend on how many numbers were used before.

    Args:
        seed: of the generation.
        vocab_size: number of token types.
        first: the first position.
    """

    def __init__(self, seed: int, vocab_size: int, first: int = 0) -> None:
        self._vocab_size = vocab_size
        self._words = -(-(vocab_size + 1) // (2 * WORDS)) * WORDS  # whole counters
        self._generator = np.random.Philox(key=seed, counter=first * self._words // WORDS)

    def take(self, positions: int = 1) -> tuple[Bits, Bits]:
        """Return the bits of the next positions.

        Args:
            positions: how many.

        Returns:
            those of the token types, of shape (positions, vocabulary), and those of the decision,
            of shape (positions,).
        """
        words = self._generator.random_raw(positions * self._words)
        halves = words.astype("<u8", copy=False).view("<u4").reshape(positions, -1)
        return halves[:, : self._vocab_size], halves[:, self._vocab_size]


def uniform(bits: Bits) -> NDArray[np.float64]:
    """Return a number between 0 and 1, both excluded, for each of the bits."""
    return (bits.astype(np.float64) + 0.5) * HALF_RANGE


def gumbel(bits: Bits) -> NDArray[np.float32]:
    """Return a number with Gumbel's distribution for each of the bits.

    The largest of some logits after such numbers were added to them is a draw from their softmax
    (Gumbel 1954; Maddison, Tarlow and Minka 2014, section 2). A compiled graph does that as well
    as NumPy does, to the same bits, for it takes nothing but additions and comparisons.
    """
    return (-np.log(-np.log(uniform(bits)))).astype(np.float32)
