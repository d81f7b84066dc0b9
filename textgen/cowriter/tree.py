"""A text with all its branches: a tree with one current branch."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from textgen.errors import DataError

ROOT = 0
SURROGATES = re.compile("[\ud800-\udfff]")  # alone, they are no characters


@dataclass
class Node:
    """A piece of text.

    Attributes:
        parent: number of the node before it; None at the root, which is empty.
        text: the piece.
        seed: the seed that the model wrote it with; None if a person wrote it.
    """

    parent: int | None
    text: str
    seed: int | None = None


class TextTree:
    """Pieces of text, each with any number of continuations. Old branches are kept.

    Attributes:
        nodes: all nodes, the root first, each after its parent.
        current: number of the node at the end of the current text.
        is_open: whether the current node is the last one and may still grow or shrink.
        changes: number of changes.
    """

    def __init__(self) -> None:
        self.nodes = [Node(None, "")]
        self.current = ROOT
        self.is_open = False
        self.changes = 0
        self._last_child: dict[int, int] = {}  # of each node, on the last visited branch

    @property
    def text(self) -> str:
        """The current text."""
        return "".join(self.nodes[number].text for number in self.path(self.current))

    def path(self, number: int) -> list[int]:
        """Return the numbers of the nodes from the root to a node."""
        path, here = list[int](), int(number)
        while (parent := self.nodes[here].parent) is not None:
            path.append(here)
            here = parent
        return [ROOT, *reversed(path)]

    def children(self, number: int) -> list[int]:
        """Return the numbers of a node's continuations, the oldest first."""
        return [child for child, node in enumerate(self.nodes) if node.parent == number]

    def siblings(self) -> list[int]:
        """Return the numbers of the current node and of its siblings."""
        parent = self.nodes[self.current].parent
        return [ROOT] if parent is None else self.children(parent)

    def add(self, text: str, seed: int | None = None) -> None:
        """Add a piece of text, or go to an equal one that is there already."""
        node = Node(self.current, text, seed)
        equal = [child for child in self.children(self.current) if self.nodes[child] == node]
        if not equal:
            self.nodes.append(node)
        self.go_to(equal[0] if equal else len(self.nodes) - 1)

    def type(self, text: str) -> None:
        """Add typed text, which may come in small pieces."""
        if self.is_open and self.nodes[self.current].seed is None:
            self.nodes[self.current].text += text
            self.changes += 1
            return
        self.nodes.append(Node(self.current, text))
        self.go_to(len(self.nodes) - 1)
        self.is_open = True

    def erase(self) -> None:
        """Remove the last character; the text with it stays as another branch."""
        node = self.nodes[self.current]
        if node.parent is None:
            return
        if not self.is_open:
            if len(node.text) == 1:
                self.go_to(node.parent)
                return
            self.nodes.append(Node(node.parent, node.text, node.seed))
            self.go_to(len(self.nodes) - 1)
            self.is_open = True
        node = self.nodes[self.current]
        node.text = node.text[:-1]
        self.changes += 1
        if not node.text:
            self._drop(node)

    def undo(self) -> bool:
        """Go back to the begin of the current node; return False at the root."""
        parent = self.nodes[self.current].parent
        if parent is not None:
            self.go_to(parent)
        return parent is not None

    def redo(self) -> bool:
        """Go to the last visited continuation; return False if there is none."""
        children = self.children(self.current)
        if children:
            self.go_to(self._last_child.get(self.current, children[-1]))
        return bool(children)

    def turn(self, step: int) -> bool:
        """Go to another sibling of the current node; return False if there is none."""
        siblings = self.siblings()
        if len(siblings) > 1:
            self.go_to(siblings[(siblings.index(self.current) + step) % len(siblings)])
        return len(siblings) > 1

    def go_to(self, number: int) -> None:
        """Make a node the current one; `redo` follows the path to it."""
        self.is_open = False
        self.changes += 1
        self.current = number
        self._last_child.update(pairwise(self.path(number)))

    def stretches(self) -> Iterator[tuple[int, int, str]]:
        """Yield each run of text without branches: its depth, last node and text."""
        waiting = [(0, child) for child in reversed(self.children(ROOT))]
        while waiting:
            depth, last = waiting.pop()
            text = self.nodes[last].text
            while len(children := self.children(last)) == 1:
                last = children[0]
                text += self.nodes[last].text
            yield depth, last, text
            waiting += [(depth + 1, child) for child in reversed(children)]

    def to_json(self, **others: Any) -> str:
        """Return the tree as JSON.

        Args:
            others: further values of the JSON object.
        """
        nodes = [asdict(node) for node in self.nodes]
        return json.dumps(
            {**others, "current": self.current, "nodes": nodes}, ensure_ascii=False, indent=1
        )

    @classmethod
    def from_dict(cls, content: Any) -> "TextTree":
        """Make a tree from the content of its JSON.

        Raises:
            DataError: the content is no tree.
        """
        tree = cls()
        try:
            tree.nodes = [Node(**node) for node in content["nodes"]]
            tree.current = content["current"]
        except (KeyError, TypeError) as error:
            raise DataError(f"it is no tree of a text: {error}") from None
        if not tree._is_whole():
            raise DataError("it is no tree of a text: its nodes do not belong together")
        return tree

    def _is_whole(self) -> bool:
        """Tell whether the nodes form a tree."""
        root, *others = self.nodes or [Node(ROOT, "")]
        numbers = [self.current, *(node.parent for node in others)]
        return (
            root == Node(None, "")
            and all(type(number) is int for number in numbers)
            and 0 <= self.current < len(self.nodes)
            and all(0 <= (node.parent or 0) < k for k, node in enumerate(others, start=1))
            and all(isinstance(node.text, str) and node.text for node in others)
            and all(type(node.seed) in (int, type(None)) for node in others)
            and not any(SURROGATES.search(node.text) for node in others)
        )

    def _drop(self, node: Node) -> None:
        """Remove the last node, whose text has become empty."""
        del self.nodes[self.current]
        self._last_child = {k: c for k, c in self._last_child.items() if c != self.current}
        self.go_to(node.parent or ROOT)
