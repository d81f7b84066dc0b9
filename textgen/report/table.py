"""Tables for people, on a terminal or in a page."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

MOST = 25  # rows shown
GAP = 2  # spaces before each column
WIDEST = 1 << 20  # so that no cell is cut
BAR = 24  # columns of the longest bar on a terminal
EIGHTHS = " ▏▎▍▌▋▊▉"


@dataclass(frozen=True)
class TextTable:
    """A table with a title: columns of words first, then columns of numbers, aligned right.

    Attributes:
        title: of the table.
        columns: names of the columns.
        rows: at least one, with a cell for each column.
        words: number of columns with words.
        bars: lengths of bars beside the rows, in proportion to the longest; empty for no bars.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int = 1
    bars: Sequence[float] = ()

    def as_text(self) -> str:
        """Return the table as lines for a terminal."""
        table = Table(box=None, padding=(0, 0, 0, GAP), pad_edge=True)
        for number, column in enumerate(self.columns):
            justify: JustifyMethod = "left" if number < self.words else "right"
            table.add_column(Text(column), justify=justify, no_wrap=True)
        table.add_column(no_wrap=True)  # of the bars
        for row, bar in zip(self.rows, self._bars(_blocks), strict=False):
            table.add_row(*(Text(_printable(cell)) for cell in row), Text(bar))
        console = Console(file=io.StringIO(), width=WIDEST, color_system=None)
        with console.capture() as output:
            console.print(table)
        lines = [line.rstrip() for line in output.get().splitlines()]
        return "\n".join([self.title, *lines, *(f"{'':{GAP}}{line}" for line in self._rest())])

    def as_html(self) -> str:
        """Return the table as a part of a page."""
        rows = [self.columns, *self.rows[:MOST]]
        bars = ["<th></th>" * bool(self.bars), *self._bars(_bar)]
        lines = [f"<tr>{self._tagged(row)}{bar}</tr>" for row, bar in zip(rows, bars, strict=True)]
        rest = [f"<p>{line}</p>" for line in self._rest()]
        head, table = f"<h2>{escape(self.title)}</h2>", '<div class="wide"><table>'
        return "\n".join([head, table, *lines, "</table></div>", *rest])

    def _tagged(self, row: Sequence[str]) -> str:
        """Return the cells of a row as HTML."""
        tag = "th" if row is self.columns else "td"
        return "".join(
            f"<{tag}>{escape(cell)}</{tag}>"
            if number < self.words
            else f'<{tag} class="number">{escape(cell)}</{tag}>'
            for number, cell in enumerate(row)
        )

    def _bars(self, draw: Callable[[float], str]) -> list[str]:
        """Return the drawing of a bar for each shown row."""
        longest = max(self.bars, default=1)
        drawn = [draw(bar / longest) for bar in self.bars[:MOST]]
        return drawn or [""] * len(self.rows[:MOST])

    def _rest(self) -> list[str]:
        """Return a line with the number of rows that are not shown, if any."""
        rest = len(self.rows) - MOST
        return [f"and {rest:,} more"] if rest > 0 else []


def _printable(cell: str) -> str:
    """Return a cell without line ends and control characters."""
    return "".join(c if c.isprintable() else "\ufffd" for c in cell)


def _blocks(share: float) -> str:
    """Return a bar of block characters."""
    whole, eighths = divmod(round(8 * BAR * share), 8)
    return "█" * whole + EIGHTHS[eighths].strip()


def _bar(share: float) -> str:
    """Return a bar in a cell of HTML."""
    return f'<td class="bar"><div style="width:{share:.1%}"></div></td>'
