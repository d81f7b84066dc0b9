#!/usr/bin/env python3
"""Checks that a tag, the version and the changelog agree.

    scripts/check_release.py TAG    (v1.2.3)

The first section of CHANGELOG.md below "Unreleased" must be of that version, and dated.
"""

import re
import sys
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parent.parent
VERSION = re.compile(r'^__version__ = "(.+)"$', re.MULTILINE)
SECTION = re.compile(r"^## (?P<version>\S+)(?: - (?P<date>\S+))?$", re.MULTILINE)


def problems(tag: str, code: str, changelog: str) -> list[str]:
    """Return what does not agree, a sentence each."""
    match = VERSION.search(code)
    version = match[1] if match else "none"
    sections = [s for s in SECTION.finditer(changelog) if s["version"] != "Unreleased"]
    newest = sections[0] if sections else None
    return [
        *([] if tag == f"v{version}" else [f"the tag is {tag}, textgen/version.py has {version}"]),
        *([] if newest and newest["version"] == version else [f"CHANGELOG.md lacks {version}"]),
        *([] if newest and is_date(newest["date"]) else ["CHANGELOG.md: the section has no date"]),
    ]


def is_date(text: str | None) -> bool:
    """Return whether a text is a date as 2030-01-31."""
    try:
        return bool(text and date.fromisoformat(text))
    except ValueError:
        return False


def main() -> None:
    """Check the files of this checkout."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} TAG")
    files = (ROOT / "textgen" / "version.py", ROOT / "CHANGELOG.md")
    if found := problems(sys.argv[1], *(file.read_text(encoding="utf-8") for file in files)):
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
