"""The keys of the co-writer's screen."""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from prompt_toolkit.filters import Condition, Filter
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from textgen.cowriter.cowriter import CoWriter
from textgen.cowriter.mode import Mode

SCROLLED = 8  # rows, by a page key


class ScreenActions(Protocol):
    """The actions of a screen that keys call. `Screen` documents them."""

    co_writer: CoWriter
    mode: Mode

    def quit(self) -> None: ...
    def tell(self, message: str) -> None: ...
    def scroll(self, rows: int) -> None: ...
    def move(self, go: Callable[[], bool]) -> None: ...
    def ask(self) -> None: ...
    def save(self) -> None: ...
    def open_tree(self) -> None: ...
    def look(self, step: int) -> None: ...
    def go_to_row(self) -> None: ...
    def open_line(self, mode: Mode) -> None: ...
    def type_in_line(self, text: str) -> None: ...
    def erase_in_line(self) -> None: ...
    def take_line(self) -> None: ...
    def close(self) -> None: ...


class ScreenKeys:
    """The keys of a screen. Each key first clears the message.

    Attributes:
        bindings: the bindings for prompt_toolkit.
    """

    def __init__(self, screen: ScreenActions) -> None:
        self.bindings = KeyBindings()
        self._screen = screen
        for name in ("c-q", "c-c"):
            self._bind(name, screen.quit)
        self._bind_writing()
        self._bind_proposals()
        self._bind_tree()
        self._bind_line()

    def _bind_writing(self) -> None:
        """Bind the keys that edit the text."""
        screen, co_writer, tree = self._screen, self._screen.co_writer, self._screen.co_writer.tree
        writes = Condition(lambda: screen.mode is Mode.WRITE)
        self._bind_typing(co_writer.type, writes)
        self._bind("enter", partial(co_writer.type, "\n"), writes)
        self._bind("backspace", co_writer.erase, writes)
        moves = {"c-z": tree.undo, "c-y": tree.redo}
        moves |= {name: partial(tree.turn, step) for name, step in (("up", -1), ("down", 1))}
        for name, move in moves.items():
            self._bind(name, partial(screen.move, move), writes)
        for name, rows in {"pageup": SCROLLED, "pagedown": -SCROLLED}.items():
            self._bind(name, partial(screen.scroll, rows), writes)
        for name in ("tab", "c-r"):
            self._bind(name, screen.ask, writes)
        self._bind("c-s", screen.save, writes)
        self._bind("c-t", screen.open_tree, writes)
        self._bind("c-o", partial(screen.open_line, Mode.SETTINGS), writes)

    def _bind_proposals(self) -> None:
        """Bind the keys that choose and accept a proposal."""
        screen, co_writer = self._screen, self._screen.co_writer
        chooses = Condition(lambda: screen.mode is Mode.WRITE and bool(co_writer.proposals))
        for name, step in {"left": -1, "right": 1}.items():
            self._bind(name, partial(co_writer.choose, step), chooses)
        for name, part in {"c-f": "word", "c-e": "line", "enter": "all"}.items():
            self._bind(name, partial(co_writer.accept, part), chooses)
        self._bind("escape", co_writer.dismiss, chooses)

    def _bind_tree(self) -> None:
        """Bind the keys that move in the tree."""
        screen = self._screen
        looks = Condition(lambda: screen.mode is Mode.TREE)
        for name, step in {"up": -1, "down": 1}.items():
            self._bind(name, partial(screen.look, step), looks)
        self._bind("enter", screen.go_to_row, looks)
        for name in ("escape", "c-t"):
            self._bind(name, screen.close, looks)

    def _bind_line(self) -> None:
        """Bind the keys of the line at the bottom."""
        screen = self._screen
        types = Condition(lambda: screen.mode in (Mode.SETTINGS, Mode.NAME))
        self._bind_typing(screen.type_in_line, types)
        self._bind("backspace", screen.erase_in_line, types)
        self._bind("enter", screen.take_line, types)
        self._bind("escape", screen.close, types)

    def _bind(self, name: str, act: Callable[[], object], when: Filter | bool = True) -> None:
        """Bind a key to an action; if several bindings apply, the last one wins."""

        @self.bindings.add(name, filter=when, eager=name == "escape")  # Esc starts no sequence here
        def _(event: KeyPressEvent) -> None:
            self._screen.tell("")
            act()

    def _bind_typing(self, take: Callable[[str], None], when: Filter) -> None:
        """Bind all characters, and pasted text."""

        @self.bindings.add("<any>", filter=when)
        def _(event: KeyPressEvent) -> None:
            self._screen.tell("")
            if event.data.isprintable():
                take(event.data)

        @self.bindings.add("<bracketed-paste>", filter=when)
        def _(event: KeyPressEvent) -> None:
            self._screen.tell("")
            take(event.data.replace("\r\n", "\n").replace("\r", "\n"))
