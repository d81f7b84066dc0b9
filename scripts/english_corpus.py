# ruff: noqa: RUF001  # quotes are what this file is about
"""The corpus of the English models: books in the looks that people's texts have.

Every chapter or story is a document. It comes twice, each time with quotes and lines of its own:
typographic or straight quotes, paragraphs that flow or lines of 60 to 80 characters.
"""

import json
import random
import re
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

# Kept away from the training, to measure on. No other book of DATA/english is by their authors.
KEPT_AWAY = (
    "aldous-huxley_crome-yellow",
    "dorothy-l-sayers_whose-body",
    "ford-madox-ford_the-good-soldier",
    "g-k-chesterton_the-innocence-of-father-brown",
    "sherwood-anderson_winesburg-ohio",
    "willa-cather_my-antonia",
)
# A model that comes along unasked must not have learned these words. Stories with them are left
# out, and so is all of a book that says one of them two hundred times.
LEFT_OUT_BOOK = "Adventures of Huckleberry Finn"
SLURS = re.compile(
    r"nigg|\b(coons?|dago(e?s)?|dark(ey|y|ies)|chinam[ae]n|faggots?|half-breeds?|japs?|kikes?"
    r"|pickaninn(y|ies)|sheen(y|ies)|spics?|squaws?|wops?)\b",
    re.IGNORECASE,
)
SHORTEST = 400  # characters of a story; shorter ones are headings and mottos
VERSE_LINE = 60  # characters of a verse's longest line
MEASURED = 60_000  # characters of each book that is kept away, to choose the best weights by
TIMES = 2  # that each story is in the corpus
TITLE = re.compile("^# Title: (.*)$", re.MULTILINE)
STRAIGHT = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "…": "..."})


def write_corpus(data: Path, folder: Path, seed: int = 0) -> None:
    """Write train.jsonl and valid.jsonl.

    Args:
        data: holds the folders "english" and "big".
        folder: takes the files.
        seed: of the looks.
    """
    draw = random.Random(seed)
    stories = [story for book in books(data) for story in split_stories(book)]
    clean = [story for story in stories if not SLURS.search(story)]
    dressed = [random_look(story, draw) for _ in range(TIMES) for story in clean]
    draw.shuffle(dressed)
    _write(folder / "train.jsonl", dressed)
    beginnings = [book[:MEASURED] for book in kept_away(data)]
    _write(folder / "valid.jsonl", [*beginnings, *map(wrapped_straight, beginnings)])


def books(data: Path) -> Iterator[str]:
    """Yield the books to train on."""
    for path in sorted((data / "english").glob("*.txt")):
        if path.stem not in KEPT_AWAY:
            yield path.read_text(encoding="utf-8")
    _, *parts = TITLE.split((data / "big" / "big.txt").read_text(encoding="utf-8"))
    for title, text in zip(parts[::2], parts[1::2], strict=True):
        if title != LEFT_OUT_BOOK:
            yield typographic(re.sub(r"^## +", "\n", text, flags=re.MULTILINE))


def kept_away(data: Path) -> list[str]:
    """Return the books that are kept away from the training."""
    return [(data / "english" / f"{n}.txt").read_text(encoding="utf-8") for n in KEPT_AWAY]


def split_stories(book: str) -> list[str]:
    """Return the stories or chapters of a book, which two blank lines divide."""
    joined, stories = "", []
    for part in re.split(r"\n{3,}", book):
        joined = f"{joined}\n\n{part}".strip()
        if len(joined) >= SHORTEST:  # a heading goes with what follows it
            stories.append(joined)
            joined = ""
    return stories


def random_look(story: str, draw: random.Random) -> str:
    """Return a story with quotes and lines as they come."""
    lay_out = draw.choices([flowing, wrapped, paragraph_a_line, sentence_a_line], [55, 30, 10, 5])
    text = with_verse(story) if draw.random() < 0.5 else story
    text = lay_out[0](text, draw)
    return straight(text) if draw.random() < 0.5 else text


def wrapped_straight(story: str) -> str:
    """Return a story as plain-text libraries have it: straight quotes, lines of 72 characters."""
    return straight(_by_paragraph(with_verse(story), lambda part: textwrap.fill(part, 72)))


def flowing(story: str, draw: random.Random) -> str:
    """Leave each paragraph in one line, and a blank line between."""
    return story


def wrapped(story: str, draw: random.Random) -> str:
    """Break lines of more than 60 to 80 characters."""
    width = draw.randint(60, 80)
    return _by_paragraph(story, lambda part: textwrap.fill(part, width))


def paragraph_a_line(story: str, draw: random.Random) -> str:
    """Begin each paragraph in the next line, without a blank line between."""
    return re.sub(r"\n{2,}", "\n", story)


def sentence_a_line(story: str, draw: random.Random) -> str:
    """Begin each sentence in a new line: the look of lists."""
    return re.sub(r"(?<=[.!?]) +(?=[A-Z])", "\n", paragraph_a_line(story, draw))


def with_verse(story: str) -> str:
    """Join the lines of verse, which are paragraphs in the books, to stanzas."""
    short = rf"[A-Z][^\n“\"]{{1,{VERSE_LINE - 1}}}"
    return re.sub(
        rf"^{short}(\n\n{short}){{3,}}$",
        lambda found: found[0].replace("\n\n", "\n"),
        story,
        flags=re.MULTILINE,
    )


def straight(text: str) -> str:
    """Return a text with the quotes and dashes of a typewriter."""
    return text.translate(STRAIGHT).replace("—", "--")


def typographic(text: str) -> str:
    """Return a text with typographic quotes and dashes, and without marks of emphasis."""
    text = re.sub(r"(?<![\w_])_([^_\n]+)_(?![\w_])", r"\1", text)
    text = re.sub(r" +$", "", text, flags=re.MULTILINE).replace("--", "—")
    text = re.sub(r"(?<![^\s(\[—‘“])\"", "“", text).replace('"', "”")
    return re.sub(r"(?<![^\s(\[—“])'(?!(tis|twas|em)\b)", "‘", text).replace("'", "’")


def _by_paragraph(story: str, change: Callable[[str], str]) -> str:
    """Return a story with each paragraph of one line changed."""
    parts = story.split("\n\n")
    return "\n\n".join(part if "\n" in part.strip() else change(part) for part in parts)


def _write(path: Path, texts: list[str]) -> None:
    """Write texts as JSON Lines."""
    lines = (json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts)
    path.write_text("".join(lines), encoding="utf-8")
