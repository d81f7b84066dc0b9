"""What a file is, seen before it is decoded: nothing is read as text that is none."""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from textgen.corpus.corpus_file import CorpusFile, suffixes
from textgen.corpus.statistics import CorpusStatistics
from textgen.corpus.text.decompress import read_plain
from textgen.corpus.text.json_kinds import find_json
from textgen.corpus.text.reader import known_encoding
from textgen.corpus.text.signatures import Kind, find_kind
from textgen.errors import DataError, by_setting

HEAD = 1 << 16  # bytes that are looked at
# What hardly any text holds: control characters other than tabs, line and page ends, bells,
# backspaces and escapes. Of noise it is 9 % or more, in whatever encoding.
_CONTROLS = re.compile("[\x01-\x06\x0e-\x1a\x1c-\x1f\x7f]")
_LEAST_NOISE, _NOISE_SHARE = 512, 0.05

SUBTITLES = (
    "subtitles, whose numbers and times are read as text (without them: --documents line "
    r"--drop-matching '^(\d+|WEBVTT.*)$|-->')"
)
MARKED = (
    "markers of GPT-2 between its texts, which are read as text (each of these for a document: "
    "--documents marker)"
)
XML = "XML, whose tags are read as text"

_HTML_NAMES = (".html", ".htm", ".xhtml")
_TAG = re.compile(r"<(!doctype\s+html|/?[a-z][a-z0-9]*(\s[^<>]*)?)/?>", re.IGNORECASE)
_ROOT = re.compile(
    r"\s*(<\?xml[^>]*>\s*)?(?><!--.*?-->\s*)*+<(?:!doctype\s+)?(html|svg|FictionBook)\b[^>]*>",
    re.DOTALL | re.IGNORECASE,
)
_IN_HTML = re.compile(r"<!doctype\s+html|<(head|body|title|meta)\b", re.IGNORECASE)
_SUBTITLES = re.compile(r"\s*(WEBVTT\b|\d+ *\n(\d+:)?\d\d:\d\d[.,]\d{3} -->)")
_MARKERS = re.compile(r"<\|(start|end)oftext\|>")

_ROOTS = {
    "html": Kind("HTML", "save it as text, e.g. with pandoc -t plain"),
    "svg": Kind("an SVG picture", "leave it out"),
    "fictionbook": Kind("a FictionBook", "save it as text, e.g. with pandoc -f fb2 -t plain"),
}


def recognise(path: Path, part: CorpusFile, tally: CorpusStatistics) -> CorpusFile:
    """Look at the beginning of a file, and return the part with the encoding that it is in.

    Args:
        path: where the file is.
        part: plain text, or a table of lines.
        tally: is told what was found that people should know.

    Raises:
        DataError: it is no text, or text in a form that is not read, saying which.
    """
    head = next(read_plain(path, part.packing, name=part.name, chunk_bytes=HEAD), b"")
    suffix = suffixes(Path(part.name))[0]
    if kind := find_kind(head, suffix):
        raise _no_text(part, kind)
    encoding = known_encoding(path, part.rule, part.name, part.packing, tally)
    text = _decoded(head, encoding)
    if len(head) >= _LEAST_NOISE:
        _refuse_noise(text, part)
    if kind := _markup(text, suffix, part.form, is_cut=len(head) == HEAD):
        raise _no_text(part, kind)
    if part.form == "text":
        for what in _remarks(text.replace("\r\n", "\n"), part):
            tally.find(what, part.name)
    return part.in_encoding(encoding)


def _no_text(part: CorpusFile, kind: Kind) -> DataError:
    """Return the error that says what a file is."""
    return DataError(f"{part.name}: {kind.what}, no plain text; {kind.remedy}")


def _decoded(head: bytes, encoding: str) -> str:
    """Return what can be read of the beginning of a file; what is wrong is told when it is read."""
    try:
        return codecs.decode(head, encoding, "ignore").removeprefix("\ufeff")
    except UnicodeError:  # of encodings that leave nothing out
        return ""


def _refuse_noise(text: str, part: CorpusFile) -> None:
    """Refuse a file that is made of control characters to a good part."""
    noise = len(_CONTROLS.findall(text))
    if noise > _NOISE_SHARE * len(text):
        raise DataError(
            f"{part.name}: no text: {noise / len(text):.0%} of its first characters are control "
            f"characters; if it is text, in UTF-16 for instance, name its encoding"
            + by_setting(" with {}", "encoding")
        )


def _markup(text: str, suffix: str, form: str, *, is_cut: bool) -> Kind | None:
    """Return which form that is not read a text has, if it has one."""
    root = _ROOT.match(text)
    if root and (root[2].lower() != "html" or _IN_HTML.search(text)):
        return _ROOTS[root[2].lower()]
    if suffix in _HTML_NAMES and _TAG.search(text):
        return _ROOTS["html"]
    return None if form == "jsonl" else find_json(text, suffix, is_cut=is_cut)


def _remarks(text: str, part: CorpusFile) -> Iterator[str]:
    """Yield what people should know of a text."""
    if _SUBTITLES.match(text) and part.rule.drop_matching is None:
        yield SUBTITLES
    if _MARKERS.search(text) and part.rule.documents != "marker":
        yield MARKED
    if text.lstrip().startswith("<?xml"):
        yield XML
