"""The co-writer's screen at a terminal, and the generation in the background."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from prompt_toolkit.application import Application
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.layout import FormattedTextControl, Layout, Window
from prompt_toolkit.styles import Style

from textgen.cowriter.cowriter import CoWriter, Request
from textgen.cowriter.document import Document
from textgen.cowriter.keys import ScreenKeys
from textgen.cowriter.mode import Mode
from textgen.cowriter.panes import HELP, Fragments, proposal_rows, status, text_rows, tree_rows
from textgen.errors import TextgenError

STYLE = Style.from_dict(
    {
        "written": "ansicyan",
        "cursor": "ansiyellow",
        "chosen": "ansiyellow",
        "chosen-title": "ansiyellow bold",
        "title": "ansibrightblack",
        "status": "reverse",
        "help": "ansibrightblack",
    }
)
PROPOSAL_ROWS = 8


class Screen:
    """A co-writer at a terminal.

    Args:
        co_writer: the text and the model.
        document: the files of the text; None until the person names one.

    Attributes:
        mode: the mode that keys are interpreted in.
        line: text of the bottom line, in the modes that have one.
        row: selected row of the tree.
        is_abandoned: whether the person quit without saving.
    """

    def __init__(self, co_writer: CoWriter, document: Document | None) -> None:
        self.co_writer = co_writer
        self.document = document
        self.mode = Mode.WRITE
        self.line = ""
        self.row = 0
        self.is_abandoned = False
        self._message = "type, or press Tab for a proposal"
        self._scrolled = 0  # rows back from the end
        self._saved = co_writer.tree.changes
        self._warned = -1  # number of changes at the last warning that they are not saved
        self._worker = ThreadPoolExecutor(max_workers=1)
        self._app: Application[None] = Application(
            Layout(Window(FormattedTextControl(self._fragments))),
            key_bindings=ScreenKeys(self).bindings,
            style=STYLE,
            full_screen=True,
        )

    @property
    def is_saved(self) -> bool:
        """Whether the files hold all changes."""
        return self.co_writer.tree.changes == self._saved

    def run(self) -> None:
        """Show the screen until the person quits."""
        try:
            self._app.run()
        finally:
            self._worker.shutdown(wait=False, cancel_futures=True)

    def quit(self) -> None:
        """Quit, if all is saved or the person has been warned."""
        changes = self.co_writer.tree.changes
        if changes not in (self._saved, self._warned):
            self._warned = changes
            self.tell("not saved; ^S saves, ^Q quits without")
            return
        self.is_abandoned = True
        self._app.exit()

    def tell(self, message: str) -> None:
        """Show a message until the next key."""
        self._message = message

    def scroll(self, rows: int) -> None:
        """Scroll back by some rows."""
        self._scrolled = max(self._scrolled + rows, 0)

    def move(self, go: Callable[[], bool]) -> None:
        """Move in the tree.

        Args:
            go: moves, and returns whether it could.
        """
        self.co_writer.dismiss()
        self.tell("" if go() else "there is nothing")

    def ask(self) -> None:
        """Request proposals in the background."""
        request = self.co_writer.ask()
        self.co_writer.dismiss()
        self.tell("writing ...")
        self._app.create_background_task(self._answer(request))

    def open_tree(self) -> None:
        """Show the tree."""
        self.co_writer.dismiss()
        lines = [last for _, last, _ in self.co_writer.tree.stretches()]
        path = self.co_writer.tree.path(self.co_writer.tree.current)
        self.mode = Mode.TREE
        self.row = max((row for row, last in enumerate(lines) if last in path), default=0)

    def look(self, step: int) -> None:
        """Select another row of the tree."""
        lines = sum(1 for _ in self.co_writer.tree.stretches())
        self.row = min(max(self.row + step, 0), max(lines - 1, 0))

    def go_to_row(self) -> None:
        """Move to the end of the selected row of the tree."""
        for row, (_, last, _) in enumerate(self.co_writer.tree.stretches()):
            if row == self.row:
                self.co_writer.tree.go_to(last)
        self.close()

    def open_line(self, mode: Mode) -> None:
        """Open the bottom line for input."""
        self.mode, self.line = mode, ""

    def type_in_line(self, text: str) -> None:
        """Add typed text to the bottom line."""
        self.line += text

    def erase_in_line(self) -> None:
        """Remove the last character of the bottom line."""
        self.line = self.line[:-1]

    def close(self) -> None:
        """Return to the text."""
        self.mode = Mode.WRITE

    def take_line(self) -> None:
        """Apply the bottom line: settings, or the name of the document."""
        try:
            if self.mode is Mode.SETTINGS:
                self.co_writer.set(self.line)
                self.tell("set")
            else:
                self.document = Document.new(Path(self.line))
                self.save()
        except TextgenError as error:
            self.tell(str(error))
            return
        self.close()

    def save(self) -> None:
        """Save the document, or ask for its name."""
        if self.document is None:
            self.open_line(Mode.NAME)
            return
        tree = self.co_writer.tree
        try:
            self.document.write(tree, **self.co_writer.settings)
        except OSError as error:
            self.tell(f"{self.document.path}: {error.strerror or error}")
            return
        self._saved = tree.changes
        self.tell("saved, with all branches")

    def rows(self, width: int, height: int) -> list[Fragments]:
        """Return the rows of a screen.

        Args:
            width: width of the screen, in cells.
            height: height of the screen, in rows.
        """
        bottom = [*self._panel(width, height), self._status(), *([("help", h)] for h in HELP)]
        room = max(height - len(bottom), 1)
        text = text_rows(self.co_writer.tree, width)
        self._scrolled = min(self._scrolled, max(len(text) - room, 0))
        end = len(text) - self._scrolled
        shown = text[max(end - room, 0) : end]
        return [*shown, *([] for _ in range(room - len(shown))), *bottom][-height:]

    def _panel(self, width: int, height: int) -> list[Fragments]:
        """Return the rows between the text and the status line."""
        if self.mode is Mode.TREE:
            room = height // 2
            top = max(self.row - room + 1, 0)
            tree = tree_rows(self.co_writer.tree, self.row, width)
            return [[("title", self.mode.value)], *tree[top : top + room]]
        if self.mode is not Mode.WRITE:
            return [[("title", self.mode.value), ("", self.line + "▌")]]
        proposals = self.co_writer.proposals
        room = min(PROPOSAL_ROWS, height // 2)
        return proposal_rows(proposals, self.co_writer.chosen, width, room) if proposals else []

    def _status(self) -> Fragments:
        """Return the status line."""
        name = self.document.path.name if self.document else "no name yet"
        return status(self.co_writer, name + ("" if self.is_saved else "*"), self._message)

    def _fragments(self) -> StyleAndTextTuples:
        """Return the whole screen for prompt_toolkit."""
        size = self._app.output.get_size()
        shown: StyleAndTextTuples = []
        for row in self.rows(size.columns, size.rows):
            shown += [
                *((f"class:{style}" if style else "", text) for style, text in row),
                ("", "\n"),
            ]
        return shown[:-1]

    async def _answer(self, request: Request) -> None:
        """Generate proposals in another thread, and show them."""
        loop = asyncio.get_running_loop()
        try:
            answer = self.co_writer.answer
            proposals = await loop.run_in_executor(self._worker, answer, request)
        except TextgenError as error:
            self.tell(str(error))
        else:
            self.co_writer.propose(request, proposals)
            self.tell("" if proposals else "the model ends the text here")
        self._app.invalidate()
