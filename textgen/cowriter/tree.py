"""A text with all the ways that it was tried to go on: a tree, of which one branch is read."""

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
    """A stretch of text.

    Attributes:
        parent: the number of the one that it goes on with; None at the root, which is empty.
        text: its own.
        seed: that a model wrote it with; None if a person did.
    """

    parent: int | None
    text: str
    seed: int | None = None


class TextTree:
    """Stretches of text, each of which may go on in several ways; what was there stays there.

    Attributes:
        nodes: all of them, the root first, each behind its parent.
        current: the number of the one at whose end the text stands.
        is_open: whether the current node is the last one and may still grow or shrink.
        changes: how often something was done.
    """

    def __init__(self) -> None:
        self.nodes = [Node(None, "")]
        self.current = ROOT
        self.is_open = False
        self.changes = 0
        self._last_child: dict[int, int] = {}  # that was read, of each node that had one

    @property
    def text(self) -> str:
        """The text that is read."""
        return "".join(self.nodes[number].text for number in self.path(self.current))

    def path(self, number: int) -> list[int]:
        """Return the numbers of the nodes from the root to one."""
        path, here = list[int](), int(number)
        while (parent := self.nodes[here].parent) is not None:
            path.append(here)
            here = parent
        return [ROOT, *reversed(path)]

    def children(self, number: int) -> list[int]:
        """Return the numbers of the nodes that go on with one, the oldest first."""
        return [child for child, node in enumerate(self.nodes) if node.parent == number]

    def siblings(self) -> list[int]:
        """Return the numbers of the nodes beside the current one, itself among them."""
        parent = self.nodes[self.current].parent
        return [ROOT] if parent is None else self.children(parent)

    def add(self, text: str, seed: int | None = None) -> None:
        """Go on with a stretch of text, in a new way or in one that is there already."""
        node = Node(self.current, text, seed)
        known = [child for child in self.children(self.current) if self.nodes[child] == node]
        if not known:
            self.nodes.append(node)
        self.go_to(known[0] if known else len(self.nodes) - 1)

    def type(self, text: str) -> None:
        """Go on with what a person types, which may come in small pieces."""
        if self.is_open and self.nodes[self.current].seed is None:
            self.nodes[self.current].text += text
            self.changes += 1
            return
        self.nodes.append(Node(self.current, text))
        self.go_to(len(self.nodes) - 1)
        self.is_open = True

    def erase(self) -> None:
        """Go on without the last character; what had it stays as another branch."""
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
        """Go back to where the current stretch began; return whether there was one."""
        parent = self.nodes[self.current].parent
        if parent is not None:
            self.go_to(parent)
        return parent is not None

    def redo(self) -> bool:
        """Go on as the text did when it was here last; return whether it did."""
        children = self.children(self.current)
        if children:
            self.go_to(self._last_child.get(self.current, children[-1]))
        return bool(children)

    def turn(self, step: int) -> bool:
        """Go to another way beside the current stretch; return whether there is one."""
        beside = self.siblings()
        if len(beside) > 1:
            self.go_to(beside[(beside.index(self.current) + step) % len(beside)])
        return len(beside) > 1

    def go_to(self, number: int) -> None:
        """Stand at the end of a node; the way to it is the one that `redo` takes."""
        self.is_open = False
        self.changes += 1
        self.current = number
        self._last_child.update(pairwise(self.path(number)))

    def stretches(self) -> Iterator[tuple[int, int, str]]:
        """Yield the tree line by line: depth, the last node, and text of each unbranched run."""
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
        """Return the tree, and whatever goes with it, as JSON."""
        nodes = [asdict(node) for node in self.nodes]
        return json.dumps(
            {**others, "current": self.current, "nodes": nodes}, ensure_ascii=False, indent=1
        )

    @classmethod
    def from_dict(cls, told: Any) -> "TextTree":
        """Make a tree of what JSON gives back of it.

        Raises:
            DataError: it is not one.
        """
        tree = cls()
        try:
            tree.nodes = [Node(**node) for node in told["nodes"]]
            tree.current = told["current"]
        except (KeyError, TypeError) as error:
            raise DataError(f"it is no tree of a text: {error}") from None
        if not tree._is_whole():
            raise DataError("it is no tree of a text: its nodes do not belong together")
        return tree

    def _is_whole(self) -> bool:
        """Tell whether this is a tree."""
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
        """Remove the last node, which has become empty."""
        del self.nodes[self.current]
        self._last_child = {k: c for k, c in self._last_child.items() if c != self.current}
        self.go_to(node.parent or ROOT)
