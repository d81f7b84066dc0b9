"""Which part of a corpus is trained on and which is held out."""

from array import array
from collections import Counter
from dataclasses import dataclass, field

from textgen.errors import UsageError

SPLITS = ("train", "validation", "test")


@dataclass
class Survey:
    """What one reading of a corpus found; a few bytes for each document.

    Attributes:
        named: for each document, the index in `SPLITS` of the split that its file's or set's
            name puts it in, or -1.
        digests: for each document, 64 bits of the SHA-256 of its clean text.
        last_trained: characters of the last document that may be trained on.
        characters: code points of all clean texts.
        skipped: what was left out, and how often.
    """

    named: "array[int]" = field(default_factory=lambda: array("b"))
    digests: "array[int]" = field(default_factory=lambda: array("Q"))
    last_trained: int = 0
    characters: int = 0
    skipped: Counter[str] = field(default_factory=Counter)

    def add(self, split: str | None, characters: int, digest: bytes) -> None:
        """Add a document."""
        self.named.append(-1 if split is None else SPLITS.index(split))
        self.digests.append(int.from_bytes(digest[:8], "big"))
        self.characters += characters
        if split in (None, "train"):
            self.last_trained = characters


@dataclass(frozen=True)
class Cut:
    """What goes where.

    Attributes:
        spans: for each span, the index in `SPLITS` of its split. A span is a document, or one of
            the two parts of the document that is divided.
        divided: the document that is divided, if any, and the character at which.
        rule: the same in words.
    """

    spans: bytes
    divided: tuple[int, int] | None
    rule: str


def assign_splits(survey: Survey, validation: float | str) -> Cut:
    """Give every character of a corpus to a split.

    Files and sets named for splits keep them. What is left to cut for validation is cut by the
    hash of each document's text (so equal documents fall on one side, and adding documents moves
    none; where no hash falls in the share, the document with the smallest does), or, if there is
    but one document, after its first `int((1 - share) * characters)` characters (nanoGPT's cut).

    Args:
        survey: of the corpus.
        validation: the share that is held out, above 0 and below 1, or what has been named for it.
    """
    train, held_out, test = range(3)
    named = [max(split, train) for split in survey.named]
    if isinstance(validation, str):
        return Cut(bytes(named), None, f"held out is {validation}")
    if held_out in named:
        return Cut(bytes(named), None, "files and sets named for their splits")
    trained = [number for number, split in enumerate(named) if split == train]
    if len(trained) == 1:
        at = int((1 - validation) * survey.last_trained)
        spans = [*named[: trained[0] + 1], held_out, *named[trained[0] + 1 :]]
        rule = f"the first {1 - validation:g} of the characters are trained on"
        return Cut(bytes(spans), (trained[0], at), rule)
    smallest = min((survey.digests[number] for number in trained), default=0)
    limit = max(validation * 2**64, smallest + 1)
    spans = [
        held_out if split != test and survey.digests[number] < limit else split
        for number, split in enumerate(named)
    ]
    rule = f"documents whose hash falls in the lowest {validation:g} are held out"
    return Cut(bytes(spans), None, rule)


def choose_split(survey: Survey, split: str, validation: float | str) -> tuple[Cut, str]:
    """Return a cut, and the split of it that a person means.

    Args:
        survey: of the corpus.
        split: "all", which takes every document whole, or one of `SPLITS`.
        validation: as for `assign_splits`.

    Raises:
        UsageError: no such split, or nothing is in it.
    """
    if split == "all":
        return Cut(bytes(len(survey.named)), None, "all of it"), SPLITS[0]
    if split not in SPLITS:
        raise UsageError(f"split is {split!r}; it must be one of all, {', '.join(SPLITS)}")
    cut = assign_splits(survey, validation)
    if SPLITS.index(split) not in cut.spans:
        raise UsageError(f"the {split} split of this corpus is empty; choose another --split")
    return cut, split
