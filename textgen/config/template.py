"""Templates that join the columns of a table to a text."""

import string
from collections.abc import Mapping


class RowTemplate(string.Template):
    r"""`string.Template` for column names: `$title\n$body`, `${first name}`, `$$` for a dollar.

    `\n` and `\t` are escapes, because a shell does not turn them into a line feed and a tab.
    A template holds names alone. Unlike `str.format`, it has no access to attributes.
    """

    braceidpattern = r"[^{}]+"

    def __init__(self, template: str) -> None:
        super().__init__(template.replace(r"\n", "\n").replace(r"\t", "\t"))

    @property
    def columns(self) -> list[str]:
        """The column names, in order."""
        return self.get_identifiers()

    def fill(self, cells: Mapping[str, str]) -> str:
        """Return the text, with the cells in the places of the names."""
        return self.substitute(cells)
