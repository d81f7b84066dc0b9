"""A tree of text: whatever is done, what was there stays there, and the way back is known."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textgen.cowriter.tree import TextTree
from textgen.errors import DataError

ACTIONS = st.lists(
    st.tuples(st.just("type"), st.text(min_size=1, max_size=3))
    | st.tuples(st.just("add"), st.text(min_size=1, max_size=3))
    | st.tuples(st.sampled_from(["erase", "undo", "redo", "turn"]), st.just("")),
    max_size=30,
)


def act(tree: TextTree, action: str, text: str) -> None:
    if action == "type":
        tree.type(text)
    elif action == "add":
        tree.add(text, seed=7)
    elif action == "turn":
        tree.turn(1)
    else:
        getattr(tree, action)()


def worked(actions: list[tuple[str, str]]) -> TextTree:
    """Return a tree after some work."""
    tree = TextTree()
    for action, text in actions:
        act(tree, action, text)
    return tree


def told(tree: TextTree) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(tree.to_json())
    return loaded


@given(ACTIONS)
def test_any_work_is_a_whole_tree_that_json_gives_back(actions: list[tuple[str, str]]) -> None:
    tree = worked(actions)
    again = TextTree.from_dict(told(tree))
    assert (again.nodes, again.current, again.text) == (tree.nodes, tree.current, tree.text)


@given(ACTIONS, st.text(min_size=1, max_size=9))
def test_writing_adds_and_erasing_takes_a_character(
    actions: list[tuple[str, str]], text: str
) -> None:
    tree = worked(actions)
    before = tree.text
    tree.type(text)
    assert tree.text == before + text
    tree.add("!", 3)
    for _ in range(len(text) + 1):
        tree.erase()
    assert tree.text == before


@given(ACTIONS, st.integers(1, 5))
def test_redo_leads_back_to_where_undo_came_from(
    actions: list[tuple[str, str]], steps: int
) -> None:
    tree = worked(actions)
    place = tree.current
    gone = sum(tree.undo() for _ in range(steps))
    for _ in range(gone):
        assert tree.redo()
    assert tree.current == place


@given(ACTIONS, ACTIONS)
def test_what_was_accepted_once_is_never_lost(
    before: list[tuple[str, str]], after: list[tuple[str, str]]
) -> None:
    tree = worked(before)
    tree.add("kept", seed=1)
    whole, place = tree.text, tree.current
    for action, text in after:
        act(tree, action, text)
    tree.go_to(place)
    assert tree.text == whole


def test_taking_the_same_way_again_makes_no_second_branch() -> None:
    tree = TextTree()
    tree.add("one", 1)
    tree.undo()
    tree.add("one", 1)
    assert len(tree.nodes) == 2


@given(ACTIONS)
def test_lines_of_the_tree_hold_all_of_its_text_once(actions: list[tuple[str, str]]) -> None:
    tree = worked(actions)
    shown = "".join(text for _, _, text in tree.stretches())
    assert sorted(shown) == sorted("".join(node.text for node in tree.nodes))


@pytest.mark.parametrize(
    "damaged",
    [
        {},
        [],
        {"nodes": [], "current": 0},
        {"nodes": [{"parent": None, "text": "x", "seed": None}], "current": 0},
        {"nodes": [{"parent": None, "text": "", "seed": None}], "current": 1},
        {"nodes": [{"parent": None, "text": "", "seed": None}], "current": True},
        {"nodes": [{"parent": None, "text": ""}, {"parent": 1, "text": "x"}], "current": 0},
        {"nodes": [{"parent": None, "text": ""}, {"parent": 0, "text": ""}], "current": 0},
        {"nodes": [{"parent": None, "text": ""}, {"parent": 0, "text": 5}], "current": 0},
        {"nodes": [{"parent": None, "text": "", "code": "x"}], "current": 0},
        {"nodes": [{"parent": None, "text": ""}, {"parent": 0, "text": "\ud800"}], "current": 0},
        {
            "nodes": [{"parent": None, "text": ""}, {"parent": 0, "text": "x", "seed": "1"}],
            "current": 0,
        },
    ],
)
def test_damaged_tree_is_refused(damaged: Any) -> None:
    with pytest.raises(DataError, match="no tree of a text"):
        TextTree.from_dict(damaged)
