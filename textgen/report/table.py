"""A table for people, on a terminal or in a page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from rich.cells import cell_len

MOST = 25  # rows shown
BAR = 24  # columns of the terminal that the longest bar takes
EIGHTHS = " ▏▎▍▌▋▊▉"


@dataclass(frozen=True)
class TextTable:
    """Rows under a title; words stand to the left, numbers behind them to the right.

    Attributes:
        title: of the table.
        columns: their names.
        rows: with a cell for each column; at least one.
        words: how many columns are words.
        bars: lengths of bars beside the rows, all in proportion to the longest; or none at all.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int = 1
    bars: Sequence[float] = ()

    def as_text(self) -> str:
        """Return the table as lines for a terminal."""
        rows = [self.columns, *(list(map(_printable, row)) for row in self.rows[:MOST])]
        widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
        bars = ["", *self._bars(_blocks)]
        lines = [
            "  ".join(["", *self._padded(row, widths), bar]).rstrip()
            for row, bar in zip(rows, bars, strict=True)
        ]
        rest = [f"  {told}" for told in self._rest()]
        return "\n".join([self.title, *lines, *rest])

    def as_html(self) -> str:
        """Return the table as a part of a page."""
        rows = [self.columns, *self.rows[:MOST]]
        bars = ["<th></th>" * bool(self.bars), *self._bars(_bar)]
        lines = [f"<tr>{self._tagged(row)}{bar}</tr>" for row, bar in zip(rows, bars, strict=True)]
        rest = [f"<p>{told}</p>" for told in self._rest()]
        head, table = f"<h2>{escape(self.title)}</h2>", '<div class="wide"><table>'
        return "\n".join([head, table, *lines, "</table></div>", *rest])

    def _padded(self, row: Sequence[str], widths: Sequence[int]) -> list[str]:
        """Return the cells of a row, each as wide as its column."""
        spaces = [" " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)]
        return [
            cell + space if number < self.words else space + cell
            for number, (cell, space) in enumerate(zip(row, spaces, strict=True))
        ]

    def _tagged(self, row: Sequence[str]) -> str:
        """Return the cells of a row of a page."""
        tag = "th" if row is self.columns else "td"
        return "".join(
            f"<{tag}>{escape(cell)}</{tag}>"
            if number < self.words
            else f'<{tag} class="number">{escape(cell)}</{tag}>'
            for number, cell in enumerate(row)
        )

    def _bars(self, draw: Callable[[float], str]) -> list[str]:
        """Return what is drawn beside each row that is shown."""
        longest = max(self.bars, default=1)
        drawn = [draw(bar / longest) for bar in self.bars[:MOST]]
        return drawn or [""] * len(self.rows[:MOST])

    def _rest(self) -> list[str]:
        """Say how many rows are not shown, if any."""
        rest = len(self.rows) - MOST
        return [f"and {rest:,} more"] if rest > 0 else []


def _printable(cell: str) -> str:
    """Return a cell without what would break its line or steer the terminal."""
    return "".join(c if c.isprintable() else "\ufffd" for c in cell)


def _blocks(share: float) -> str:
    """Return a bar made of characters."""
    whole, eighths = divmod(round(8 * BAR * share), 8)
    return "█" * whole + EIGHTHS[eighths].strip()


def _bar(share: float) -> str:
    """Return a bar in a cell of a page."""
    return f'<td class="bar"><div style="width:{share:.1%}"></div></td>'
