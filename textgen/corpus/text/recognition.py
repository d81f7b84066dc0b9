"""Recognition of files by their beginning, so that nothing is read as text that is none."""

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

HEAD = 1 << 16  # bytes that are examined
# Control characters that hardly any text holds: all but tabs, line and page ends, bells, backspaces
# and escapes. Noise has 9 % or more of them in every encoding.
_CONTROLS = re.compile("[\x01-\x06\x0e-\x1a\x1c-\x1f\x7f]")
_LEAST_NOISE, _NOISE_SHARE = 512, 0.05

SUBTITLES = (
    "subtitles, whose numbers and times are read as text (to leave them out: --documents line "
    r"--drop-matching '^(\d+|WEBVTT.*)$|-->')"
)
MARKED = (
    "markers of GPT-2 between its texts, which are read as text (to make a document of each text: "
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


def recognise_text(path: Path, file: CorpusFile, statistics: CorpusStatistics) -> CorpusFile:
    """Check that a file is plain text, and return it with its encoding.

    Args:
        path: of the file on this machine.
        file: its name, packing and rule.
        statistics: takes remarks on the text.

    Raises:
        DataError: it is no text, or text of a form that is not read; names the form.
    """
    file, text = _recognised(path, file, statistics)
    for remark in _remarks(text.replace("\r\n", "\n"), file):
        statistics.remark(remark, file.name)
    return file


def recognise_table(
    path: Path, file: CorpusFile, statistics: CorpusStatistics, *, is_json: bool = False
) -> CorpusFile:
    """Check that a file is a table of lines, and return it with its encoding.

    Args, Raises: as of `recognise_text`; `is_json` says that its lines are JSON.
    """
    return _recognised(path, file, statistics, is_json=is_json)[0]


def _recognised(
    path: Path, file: CorpusFile, statistics: CorpusStatistics, *, is_json: bool = False
) -> tuple[CorpusFile, str]:
    """Return a file with its encoding, and the beginning of its text."""
    head = next(read_plain(path, file.packing, name=file.name, chunk_bytes=HEAD), b"")
    suffix = suffixes(Path(file.name))[0]
    if kind := find_kind(head, suffix):
        raise _no_text(file, kind)
    encoding = known_encoding(path, file.rule, file.name, file.packing, statistics)
    text = _decoded(head, encoding)
    if len(head) >= _LEAST_NOISE:
        _refuse_noise(text, file)
    is_cut = len(head) == HEAD
    kind = _markup(text, suffix) or (None if is_json else find_json(text, suffix, is_cut=is_cut))
    if kind:
        raise _no_text(file, kind)
    return file.in_encoding(encoding), text


def _no_text(file: CorpusFile, kind: Kind) -> DataError:
    """Return the error that names the form of a file."""
    return DataError(f"{file.name}: {kind.what}, no plain text; {kind.remedy}")


def _decoded(head: bytes, encoding: str) -> str:
    """Return the readable beginning of a file; undecodable bytes raise later, when it is read."""
    try:
        return codecs.decode(head, encoding, "ignore").removeprefix("\ufeff")
    except UnicodeError:  # of encodings that cannot skip bytes
        return ""


def _refuse_noise(text: str, file: CorpusFile) -> None:
    """Refuse a file with too many control characters."""
    noise = len(_CONTROLS.findall(text))
    if noise > _NOISE_SHARE * len(text):
        raise DataError(
            f"{file.name}: no text: {noise / len(text):.0%} of its first characters are control "
            f"characters; if it is text, in UTF-16 for instance, name its encoding"
            + by_setting(" with {}", "encoding")
        )


def _markup(text: str, suffix: str) -> Kind | None:
    """Return the kind of markup that a text is, if it is any."""
    root = _ROOT.match(text)
    if root and (root[2].lower() != "html" or _IN_HTML.search(text)):
        return _ROOTS[root[2].lower()]
    return _ROOTS["html"] if suffix in _HTML_NAMES and _TAG.search(text) else None


def _remarks(text: str, file: CorpusFile) -> Iterator[str]:
    """Yield remarks on a text that people should know of."""
    if _SUBTITLES.match(text) and file.rule.drop_matching is None:
        yield SUBTITLES
    if _MARKERS.search(text) and file.rule.documents != "marker":
        yield MARKED
    if text.lstrip().startswith("<?xml"):
        yield XML
