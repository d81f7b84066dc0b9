"""What reading a corpus changed and left out: counted, and listed."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import IO

SHOWN_CHARACTERS = 200  # of a document that is left out


@dataclass
class CorpusStatistics:
    """Counts for the manifest and the screen; nothing is changed or left out without one.

    Attributes:
        changes: what was changed in the texts, and how often.
        removed: why documents were left out, and how many.
        encodings: of files whose encoding was found out, by name.
        found: what people should know of the form of files, and the names of these.
        listing: takes a line of JSON for each document that is left out, if it is wanted.
    """

    changes: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)
    encodings: dict[str, str] = field(default_factory=dict)
    found: dict[str, list[str]] = field(default_factory=dict)
    listing: IO[str] | None = None

    @property
    def notes(self) -> list[str]:
        """What was found out about files, a line each."""
        return [
            f"{names[0]}{f' and {len(names) - 1:,} more' * (len(names) > 1)}: {what}"
            for what, names in self.found.items()
        ]

    def find(self, what: str, name: str) -> None:
        """Note what people should know of the form of a file."""
        self.found.setdefault(what, []).append(name)

    def leave_out(self, where: str, why: str, text: str, **more: str) -> None:
        """Count a document that is left out, and list it.

        Args:
            where: its place in the corpus.
            why: the same words for all that are left out for this reason.
            text: its beginning.
            more: what else is to be listed, by name.
        """
        self.removed[why] += 1
        if self.listing:
            told = {"where": where, "why": why, **more, "text": text[:SHOWN_CHARACTERS]}
            self.listing.write(json.dumps(told, ensure_ascii=False) + "\n")
