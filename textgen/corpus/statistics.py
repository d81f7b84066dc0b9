"""Statistics of reading a corpus: changes, and documents that were left out."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import IO

SHOWN_CHARACTERS = 200  # of a document that was left out


@dataclass
class CorpusStatistics:
    """Counts for the manifest and the screen, of every change and every document left out.

    Attributes:
        changes: the number of times of each change in the texts.
        removed: the number of documents left out for each reason.
        encodings: the encodings that were detected, by name of the file.
        remarks: the files that each remark on a form applies to.
        listing: receives a line of JSON for each document left out; None for no list.
    """

    changes: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)
    encodings: dict[str, str] = field(default_factory=dict)
    remarks: dict[str, list[str]] = field(default_factory=dict)
    listing: IO[str] | None = None

    @property
    def notes(self) -> list[str]:
        """The remarks on files, a line each."""
        return [
            f"{names[0]}{f' and {len(names) - 1:,} more' * (len(names) > 1)}: {remark}"
            for remark, names in self.remarks.items()
        ]

    def remark(self, remark: str, name: str) -> None:
        """Note a remark on the form of a file."""
        self.remarks.setdefault(remark, []).append(name)

    def leave_out(self, where: str, why: str, text: str, **more: str) -> None:
        """Count and list a document that is left out.

        Args:
            where: its place in the corpus.
            why: the reason, in the same words for all such documents.
            text: its beginning.
            more: further entries of the list, by name.
        """
        self.removed[why] += 1
        if self.listing:
            entry = {"where": where, "why": why, **more, "text": text[:SHOWN_CHARACTERS]}
            self.listing.write(json.dumps(entry, ensure_ascii=False) + "\n")
