"""What the screen shows fits it, whatever the text."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from textgen.cowriter.cowriter import Proposal
from textgen.cowriter.panes import CURSOR, Fragments, proposal_rows, text_rows, tree_rows
from textgen.cowriter.tree import TextTree

TEXTS = st.text(
    st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from("\n\t 三é"), min_size=1
)


def plain(row: Fragments) -> str:
    return "".join(text for _, text in row)


@given(st.lists(TEXTS, max_size=5), st.integers(20, 100))
def test_text_keeps_its_characters_and_fits(texts: list[str], width: int) -> None:
    tree = TextTree()
    for number, text in enumerate(texts):
        tree.add(text, seed=number % 2 or None)
    rows = [plain(row) for row in text_rows(tree, width)]
    assert rows[-1].endswith(CURSOR)
    assert all(cell_len(row.rstrip()) <= width for row in rows)
    shown = "".join("".join(rows).split())
    assert shown == "".join(tree.text.split()) + CURSOR


@given(st.lists(TEXTS, min_size=1, max_size=9), st.integers(60, 120), st.integers(3, 9))
def test_proposals_stand_side_by_side(texts: list[str], width: int, height: int) -> None:
    proposals = [Proposal(text, 0) for text in texts]
    rows = proposal_rows(proposals, 0, width, height)
    assert len(rows) <= height
    assert all(cell_len(plain(row)) <= width for row in rows)


@given(st.lists(TEXTS, min_size=1, max_size=5), st.integers(20, 80))
def test_tree_has_a_row_for_each_branch(texts: list[str], width: int) -> None:
    tree = TextTree()
    for text in texts:
        tree.add(text)
        tree.undo()
    rows = tree_rows(tree, 0, width)
    assert len(rows) == len(set(texts))
    assert all(cell_len(plain(row)) <= width for row in rows)
