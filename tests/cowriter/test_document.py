"""A text and its tree in files: what was written comes back, what changed elsewhere counts."""

import errno
from pathlib import Path

import pytest

from textgen.cowriter.document import Document
from textgen.cowriter.tree import TextTree
from textgen.errors import DataError, UsageError


def test_text_and_branches_come_back(tmp_path: Path) -> None:
    tree = TextTree()
    tree.add("one")
    tree.add(" two", 7)
    tree.undo()
    tree.add(" three\n\ufeff")
    document = Document(tmp_path / "new" / "story.txt")
    document.write(tree, temperature=0.5)
    assert document.path.read_bytes().decode() == "one three\n\ufeff"
    again, settings = document.read()
    assert (again.nodes, again.current, settings) == (
        tree.nodes,
        tree.current,
        {"temperature": 0.5},
    )


def test_text_that_was_changed_elsewhere_is_another_branch(tmp_path: Path) -> None:
    tree = TextTree()
    tree.add("one")
    document = Document(tmp_path / "story.txt")
    document.write(tree)
    document.path.write_text("another", encoding="utf-8")
    again, _ = document.read()
    assert again.text == "another"
    again.turn(1)
    assert again.text == "one"


@pytest.mark.parametrize("damage", [b"{", b"[]", b'{"nodes": [], "current": 0}', b"\xff"])
def test_damaged_tree_says_which_file_and_what_to_do(tmp_path: Path, damage: bytes) -> None:
    document = Document(tmp_path / "story.txt")
    document.tree_path.write_bytes(damage)
    with pytest.raises(DataError, match=r"story.txt.tree.json: .*move it away"):
        document.read()


def test_text_that_is_no_utf8_is_refused(tmp_path: Path) -> None:
    document = Document(tmp_path / "story.txt")
    document.path.write_bytes(b"ab\xff")
    with pytest.raises(DataError, match="not UTF-8 at byte 2"):
        document.read()


def test_new_document_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "story.txt").touch()
    for name in ("story.txt", ""):
        with pytest.raises(UsageError, match="exists already"):
            Document.new(tmp_path / name)


def test_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = TextTree()
    tree.add("one")
    document = Document(tmp_path / "story.txt")
    document.write(tree)
    tree.add(" two")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr("textgen.cowriter.document.write_output", full)
    with pytest.raises(OSError, match="no room"):
        document.write(tree)
    assert document.read()[0].text == "one"
