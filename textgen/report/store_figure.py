"""The figure of a corpus: lengths of its documents and frequencies of its tokens."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from textgen.report.lengths import Lengths
from textgen.report.plot_style import BLUE, drawn, mark_decades, mark_evenly, print_figure
from textgen.report.store_facts import StoreFacts

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(facts: StoreFacts) -> str:
    """Draw a corpus as SVG; the same facts give the same text."""
    with drawn(7, 5.5) as figure:
        lengths, ranks = figure.subplots(2)
        _draw_lengths(lengths, facts.lengths)
        _draw_ranks(ranks, facts.ranks)
        return print_figure(figure, "svg").decode()


def _draw_lengths(axes: "Axes", lengths: Lengths) -> None:
    """Draw the histogram of document lengths; the scale is logarithmic if bins get wider."""
    edges = np.array(lengths.edges) - 0.5  # a whole number is the middle of its bin
    axes.stairs(lengths.documents, edges, fill=True, color=BLUE, gid="lengths")
    wide = lengths.edges[-1] - lengths.edges[0] > len(lengths.documents)
    axes.set_title("Documents by length in tokens" + ", log scale" * wide)
    mark_evenly(axes.xaxis, whole=True)
    mark_evenly(axes.yaxis, whole=True)
    if wide:
        axes.set_xscale("log")
        mark_decades(axes.xaxis, edges[0], edges[-1])


def _draw_ranks(axes: "Axes", ranks: Sequence[tuple[int, int]]) -> None:
    """Draw token frequencies by rank; for words of a language it is nearly a line."""
    axes.loglog(*zip(*ranks, strict=True), color=BLUE, marker=".", gid="ranks")
    axes.set_title("Occurrences of a token by its rank, log scales")
    mark_decades(axes.xaxis, 1, ranks[-1][0])
    mark_decades(axes.yaxis, ranks[-1][1], ranks[0][1])
