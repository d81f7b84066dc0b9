#!/usr/bin/env python
"""Checks that a built site loads nothing from another host.

    scripts/check_site.py build/site

A page may link to other hosts. It may not load a script, a style, a font or a picture from them, or
connect to them before anybody clicks. Only the standard library is needed.
"""

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "embed": "src"}
HARMLESS = {"canonical", "next", "prev", "alternate", "license", "author"}  # links of a page's head
OUTSIDE = re.compile(r"(?:https?:)?//")
STYLE = re.compile(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//[^'\")\s]+")


class Loads(HTMLParser):
    """Collects the addresses that a page loads from other hosts."""

    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that loads something from elsewhere."""
        values = {name: value or "" for name, value in attrs}
        address = values.get(LOADED.get(tag, ""), "")
        if tag == "link" and not set(values.get("rel", "").split()) <= HARMLESS:
            address = values.get("href", "")
        if OUTSIDE.match(address):
            self.outside.append(address)
        if "mermaid" in values.get("class", "").split():
            self.outside.append("mermaid, whose script comes from another host")


def outside_loads(path: Path) -> list[str]:
    """Return what a page, a style sheet or a drawing loads from other hosts."""
    text = path.read_text(encoding="utf-8")
    found = STYLE.findall(text)
    if path.suffix == ".html":
        page = Loads()
        page.feed(text)
        found += page.outside
    return found


def problems(site: Path) -> Iterator[str]:
    """Yield a line for each load from another host."""
    for path in sorted(site.rglob("*")):
        if path.suffix in {".html", ".css", ".svg"}:
            for address in outside_loads(path):
                yield f"{path}: loads {address}"


def main() -> None:
    """Print the problems; exit with 1 if there are any."""
    lines = list(problems(Path(sys.argv[1])))
    print("\n".join(lines) or f"{sys.argv[1]}: loads nothing from other hosts")
    sys.exit(bool(lines))


if __name__ == "__main__":
    main()
