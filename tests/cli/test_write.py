"""The co-writer at a real terminal: every key does what the footer says, and nothing is lost."""

import json
import signal
from pathlib import Path

import pytest

from tests.cli.seen import one_line
from tests.cli.terminal import COLUMNS, Terminal
from tests.conftest import Run

pytestmark = pytest.mark.needs("write")


def text_of(terminal: Terminal) -> str:
    """Return the text on the screen up to the cursor, its rows joined."""
    shown = "\n".join(terminal.rows)
    assert "▌" in shown, shown
    return shown.partition("▌")[0]


def begin(folder: Path, model: Path, *others: object) -> Terminal:
    terminal = Terminal(folder, "write", *others, "-m", model, "-s", 5, "-n", 8)
    terminal.wait("^Q quit")
    return terminal


def test_all_keys_fit_a_small_terminal_and_the_text_is_typed(seeded: Path, tmp_path: Path) -> None:
    with begin(tmp_path, seeded, "story.txt") as terminal:
        for key in (
            "Tab propose",
            "^F word",
            "^E line",
            "Enter all",
            "^Z undo",
            "^Y redo",
            "↑↓ branch",
            "^T tree",
            "^O settings",
            "^S save",
            "^Q quit",
        ):
            assert key in terminal.text
        assert all(len(row) <= COLUMNS for row in terminal.rows)
        terminal.press("The tide", "enter", "came in.")
        terminal.wait("came in.▌")
        assert text_of(terminal) == "The tide\ncame in."
        terminal.press("backspace", "backspace")
        terminal.wait("came i▌")
        terminal.press("^S")
        terminal.wait("saved")
        terminal.press("^Q")
        assert terminal.end() == 0
    assert (tmp_path / "story.txt").read_text() == "The tide\ncame i"


def test_proposals_are_chosen_and_taken_by_word_and_whole(seeded: Path, tmp_path: Path) -> None:
    with begin(tmp_path, seeded, "story.txt") as terminal:
        terminal.press("The ", "tab")
        terminal.wait(" 3 ─")
        assert " 1 ─" in terminal.text
        terminal.press("right", "^F")
        terminal.wait(lambda: text_of(terminal) != "The ")
        first = text_of(terminal)
        terminal.press("enter")
        terminal.wait(lambda: "─ 1 ─" not in terminal.text)
        whole = text_of(terminal)
        assert whole.startswith(first)
        terminal.press("^Z")
        terminal.wait(lambda: text_of(terminal) == first)
        terminal.press("^Y")
        terminal.wait(lambda: text_of(terminal) == whole)
        terminal.press("^S")
        terminal.wait("saved")
        terminal.press("x")
        terminal.wait("temperature")  # what was told is told until the next key
        terminal.press("^Z", "^S", "^Q")
        assert terminal.end() == 0
    told = json.loads((tmp_path / "story.txt.tree.json").read_text())
    assert [node["seed"] for node in told["nodes"][:3]] == [None, None, 6]
    assert (tmp_path / "story.txt").read_text() == whole


def test_other_proposals_come_each_time_and_can_be_dismissed(seeded: Path, tmp_path: Path) -> None:
    with begin(tmp_path, seeded) as terminal:
        terminal.press("The ", "tab")
        terminal.wait(" 3 ─")
        before = terminal.text
        terminal.press("^R")
        terminal.wait(lambda: " 3 ─" in terminal.text and terminal.text != before)
        terminal.press("escape")
        terminal.wait(lambda: " 3 ─" not in terminal.text)
        assert text_of(terminal).rstrip() == "The"


def test_branches_are_walked_with_arrows_and_in_the_tree(seeded: Path, tmp_path: Path) -> None:
    with begin(tmp_path, seeded) as terminal:
        terminal.press("one", "^Z", "two", "^Z", "three")
        terminal.wait("branch 3/3")
        terminal.press("up")
        terminal.wait("two▌")
        terminal.press("down", "down")
        terminal.wait("one▌")
        terminal.press("^T")
        terminal.wait("● one")
        terminal.press("down", "down", "enter")
        terminal.wait("three▌")
        assert "● " not in terminal.text


def test_settings_change_live_and_mistakes_are_told(seeded: Path, tmp_path: Path) -> None:
    with begin(tmp_path, seeded) as terminal:
        terminal.press("^O", "temperatur = 0.5", "enter")
        terminal.wait("did you mean 'temperature'?")
        terminal.press("escape", "^O", "temperature = 0, choices = 2", "enter", "x", "tab")
        terminal.wait(lambda: "─ 2 ─" in terminal.text and "─ 3 ─" not in terminal.text)
        terminal.wait("temperature 0 ·")


def test_a_name_is_asked_for_and_nothing_is_replaced(seeded: Path, tmp_path: Path) -> None:
    (tmp_path / "there.txt").write_text("keep me")
    with begin(tmp_path, seeded) as terminal:
        terminal.press("words", "^Q")
        terminal.wait("not saved; ^S saves, ^Q quits without")
        terminal.press("^S")
        terminal.wait("save as:")
        terminal.press("there.txt", "enter")
        terminal.wait("exists already")
        terminal.press(*["backspace"] * 9, "here.txt", "enter")
        terminal.wait("saved, with all branches")
        terminal.press("^Q")
        assert terminal.end() == 0
    assert (tmp_path / "there.txt").read_text() == "keep me"
    assert (tmp_path / "here.txt").read_text() == "words"


def test_text_is_gone_on_with_branches_and_settings(seeded: Path, tmp_path: Path) -> None:
    with begin(tmp_path, seeded, "s.txt", "--temperature", 0.3) as terminal:
        terminal.press("one", "^Z", "two", "^S")
        terminal.wait("saved")
    with Terminal(tmp_path, "write", "s.txt", "-m", seeded) as terminal:
        terminal.wait("two▌")
        terminal.wait("s.txt ·")
        terminal.press("up")
        terminal.wait("one▌")
        assert "temperature 0.3" in terminal.text


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_text_outlives_the_end_of_its_terminal(
    seeded: Path, tmp_path: Path, number: signal.Signals
) -> None:
    with begin(tmp_path, seeded) as terminal:
        terminal.press("do not lose me")
        terminal.wait("lose me▌")
        terminal.process.send_signal(number)
        assert terminal.end() == 128 + number
    assert (tmp_path / "unsaved-1.txt").read_text() == "do not lose me"


def test_long_text_is_scrolled(seeded: Path, tmp_path: Path) -> None:
    lines = "\n".join(f"line {number}" for number in range(100))
    (tmp_path / "long.txt").write_text(lines)
    with begin(tmp_path, seeded, "long.txt") as terminal:
        terminal.wait("line 99▌")
        assert "line 75" not in terminal.text
        terminal.press("page up")
        terminal.wait("line 75")
        terminal.press("page down")
        terminal.wait("line 99▌")


def test_pasted_text_is_taken_as_it_is(seeded: Path, tmp_path: Path) -> None:
    with begin(tmp_path, seeded) as terminal:
        terminal.press("\x1b[200~one\r\ntwo\tthree\x1b[201~")
        terminal.wait("three▌")
        assert text_of(terminal) == "one\ntwo    three"


def test_without_a_terminal_it_says_what_to_use(run: Run, seeded: Path) -> None:
    done = run("write", "-m", seeded)
    assert done.returncode == 2
    assert "needs a terminal" in one_line(done.stderr)


def test_text_that_cannot_be_rescued_is_not_called_kept(seeded: Path, tmp_path: Path) -> None:
    with begin(tmp_path, seeded, "there/story.txt") as terminal:
        terminal.press("words")
        terminal.wait("words▌")
        (tmp_path / "there").write_text("a file in the folder's place")
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.end() == 74
        assert "is kept in" not in terminal.text
