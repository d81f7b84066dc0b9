"""Texts made of the columns of a table, as a person writes them on a command line."""

import string
from collections.abc import Mapping


class RowTemplate(string.Template):
    r"""`string.Template` for column names: `$title\n$body`, `${first name}`, `$$` for a dollar.

    `\n` and `\t` are escapes, because a shell does not turn them into a line feed and a tab.
    Nothing but names can be put in; there is no attribute access, as `str.format` has.
    """

    braceidpattern = r"[^{}]+"

    def __init__(self, template: str) -> None:
        super().__init__(template.replace(r"\n", "\n").replace(r"\t", "\t"))

    @property
    def columns(self) -> list[str]:
        """The column names, in order."""
        return self.get_identifiers()

    def fill(self, cells: Mapping[str, str]) -> str:
        """Return the text, a cell in the place of each name."""
        return self.substitute(cells)
