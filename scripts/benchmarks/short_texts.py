"""Texts of DATA that no English base model was trained on, and texts in no language of its own."""

import gzip
import sysconfig
from pathlib import Path

from english_corpus import KEPT_AWAY, LEFT_OUT_BOOK

from benchmarks.books import read_book

ENOUGH = 3_000_000  # characters of the molecules


def texts(data: Path) -> dict[str, str]:
    """Return the texts by name."""
    english = data / "english"
    books = {name: (english / f"{name}.txt").read_text("utf-8") for name in KEPT_AWAY}
    with gzip.open(data / "moses" / "train.csv.gz", "rt", encoding="utf-8") as file:
        molecules = file.read(ENOUGH)
    library = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    others = {
        "tiny-shakespeare": (data / "tinyshakespeare" / "input.txt").read_text("utf-8"),
        "names": (data / "names" / "names.txt").read_text("utf-8"),
        "molecules": molecules.replace(",train", ""),
        "python": "".join(path.read_text("utf-8") for path in library),
    }
    return {**books, LEFT_OUT_BOOK: read_book(data, LEFT_OUT_BOOK), **others}
