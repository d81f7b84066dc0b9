"""Pure functions from the co-writer's state to rows of styled text."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from textgen.cowriter.cowriter import CoWriter, Proposal
from textgen.cowriter.tree import TextTree

# Parts of a row or a text: name of the style, and text.
Fragments = list[tuple[str, str]]
CURSOR = "▌"
LAST_CHARACTERS = 1 << 13  # characters at the end of a long text that scrolling can reach
HELP = (
    "Tab propose  ←→ choose  ^F word  ^E line  Enter all  Esc none  ^R other ones",
    "^Z undo  ^Y redo  ↑↓ branch  ^T tree  PgUp PgDn  ^O settings  ^S save  ^Q quit",
)


def wrapped(parts: Iterable[tuple[str, str]], width: int) -> list[Fragments]:
    """Wrap styled text.

    Args:
        parts: style and text of each part.
        width: maximum width of a row, in cells.
    """
    whole = Text()
    for style, text in parts:
        whole.append(text.replace("\t", "    "), style=style)
    console = Console(width=width, color_system=None)
    rows = whole.wrap(console, width, tab_size=4)
    return [_fragments(row) for row in rows]


def text_rows(tree: TextTree, width: int) -> list[Fragments]:
    """Return the current text, the model's parts in their own style, and the cursor."""
    parts, length = list[tuple[str, str]](), 0
    for number in reversed(tree.path(tree.current)):
        node = tree.nodes[number]
        shown = node.text[-(LAST_CHARACTERS - length) :]
        parts.append(("written" if node.seed is not None else "typed", shown))
        length += len(shown)
        if length == LAST_CHARACTERS:
            break
    return wrapped([*reversed(parts), ("cursor", CURSOR)], width)


def proposal_rows(
    proposals: Sequence[Proposal], chosen: int, width: int, height: int
) -> list[Fragments]:
    """Return proposals side by side, the chosen one in colour."""
    columns = len(proposals)
    cell = (width - columns + 1) // columns
    texts = [
        wrapped([("chosen" if number == chosen else "other", _shown(proposal.text))], cell)
        for number, proposal in enumerate(proposals)
    ]
    rows = [
        _row([text[row] if row < len(text) else [] for text in texts], cell)
        for row in range(min(height - 1, max(map(len, texts))))
    ]
    titles = [
        [("chosen-title" if number == chosen else "title", f" {number + 1} ".center(cell, "─"))]
        for number in range(columns)
    ]
    return [_row(titles, cell), *rows]


def tree_rows(tree: TextTree, chosen: int, width: int) -> list[Fragments]:
    """Return the tree, one row for each run of text without branches."""
    here = set(tree.path(tree.current))
    rows = []
    for number, (depth, last, text) in enumerate(tree.stretches()):
        sign = "●" if last == tree.current else "│" if last in here else " "
        line = Text(f"{'  ' * min(depth, width // 8)}{sign} {_shown(text)}", end="")
        line.truncate(width, overflow="ellipsis")
        rows.append([("chosen" if number == chosen else "other", line.plain)])
    return rows


def status(co_writer: CoWriter, name: str, message: str) -> Fragments:
    """Return the status line: the message, or the name, the settings and the branch."""
    config, tree = co_writer.config, co_writer.tree
    if message:
        return [("status", f" {name} · {message}")]
    beside = tree.siblings()
    facts = [
        name,
        f"temperature {config.temperature:g}",
        f"{co_writer.choices.choices} × {config.max_new_tokens} tokens",
        f"branch {beside.index(tree.current) + 1}/{len(beside)}",
        *(["learning"] if co_writer.choices.learn else []),
    ]
    return [("status", f" {' · '.join(facts)}")]


def _shown(text: str) -> str:
    """Return a text with signs for line feeds."""
    return text.replace("\n", "↵")


def _row(cells: Sequence[Fragments], width: int) -> Fragments:
    """Put cells side by side, each padded to a width."""
    row: Fragments = []
    for number, cell in enumerate(cells):
        used = Text("".join(text for _, text in cell)).cell_len
        gap = " " * (width - used + (number < len(cells) - 1))
        row += [*cell, ("", gap)]
    return row


def _fragments(row: Text) -> Fragments:
    """Return the styled parts of a row of rich."""
    parts = list[tuple[str, str]]()
    for span in sorted(row.spans):
        text = row.plain[span.start : span.end]
        if text:
            parts.append((str(span.style), text))
    return parts
