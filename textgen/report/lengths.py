"""The distribution of document lengths in a corpus."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

BINS = 16  # the most, approximately


@dataclass(frozen=True)
class Lengths:
    """The distribution of document lengths in tokens, `<eos>` included.

    The q-quantile is the smallest length that a share q of the documents does not exceed.

    Attributes:
        minimum, median, p90, maximum: quantiles.
        mean: tokens a document.
        edges: ascending; a bin holds the lengths from one edge to below the next. Bins get wider
            with the length, so that they are about equal on a logarithmic scale.
        documents: number of documents in each bin; one less than edges.
    """

    minimum: int
    median: int
    mean: float
    p90: int
    maximum: int
    edges: tuple[int, ...]
    documents: tuple[int, ...]

    @classmethod
    def of(cls, counts: Mapping[int, int]) -> "Lengths":
        """Make the distribution of the numbers of documents by length; at least one document."""
        values = np.array(sorted(counts))
        documents = np.array([counts[value] for value in values.tolist()])
        upto = np.cumsum(documents)
        median, p90 = values[np.searchsorted(upto, [0.5 * upto[-1], 0.9 * upto[-1]])].tolist()
        bins = min(BINS, int(upto[-1]).bit_length())  # Sturges (1926)
        edges = bin_edges(int(values[0]), int(values[-1]), bins)
        binned, _ = np.histogram(values, edges, weights=documents)
        return cls(
            minimum=int(values[0]),
            median=median,
            mean=float(values @ documents / upto[-1]),
            p90=p90,
            maximum=int(values[-1]),
            edges=tuple(edges),
            documents=tuple(binned.astype(int).tolist()),
        )


def bin_edges(smallest: int, largest: int, bins: int) -> list[int]:
    """Return integer edges of bins for all lengths. No bin is narrower than the one before it.

    Args:
        smallest: the smallest length, at least 1.
        largest: the largest length.
        bins: approximate number of bins. If there are no more lengths, each has its own bin.
    """
    few = largest - smallest < bins
    growth = 0 if few else ((largest + 1) / smallest) ** (1 / bins) - 1
    edges = [smallest]
    while edges[-1] <= largest:
        edges.append(edges[-1] + max(1, round(edges[-1] * growth)))
    return edges
