"""What reading a corpus changed and left out, counted."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Tally:
    """Counts for the manifest and the screen; nothing is changed or left out without one.

    Attributes:
        changes: what was changed in the texts, and how often.
        removed: why documents were left out, and how many.
        encodings: of files whose encoding was found out, by name.
    """

    changes: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)
    encodings: dict[str, str] = field(default_factory=dict)
