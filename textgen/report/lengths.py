"""How long the documents of a corpus are."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

BINS = 16  # about so many at most


@dataclass(frozen=True)
class Lengths:
    """The distribution of document lengths in tokens, `<eos>` included.

    A quantile is the smallest length that so large a share of the documents does not exceed.

    Attributes:
        minimum, median, p90, maximum: quantiles.
        mean: tokens a document.
        edges: ascending; a bin holds the lengths from one edge to below the next. Bins get wider
            with the length, so that on a logarithmic scale they are about equal.
        documents: how many are in each bin; one less than there are edges.
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
        """Make the distribution from the number of documents of each length; at least one."""
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
    """Return whole edges of bins that hold all lengths; no bin is narrower than the one before it.

    Args:
        smallest, largest: of the lengths, from 1 on.
        bins: about so many; where there are no more lengths than that, each has its own.
    """
    few = largest - smallest < bins
    growth = 0 if few else ((largest + 1) / smallest) ** (1 / bins) - 1
    edges = [smallest]
    while edges[-1] <= largest:
        edges.append(edges[-1] + max(1, round(edges[-1] * growth)))
    return edges
