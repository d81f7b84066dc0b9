"""Signatures: the first bytes of files that hold no text.

The tables of libraries mistake prose for other things: `filetype` and `puremagic` call a text that
begins with "BMW" a picture, and one that begins with "ID3 trees" music. In this table a signature
is long, or goes on with bytes that no text holds.
"""

import re
from typing import NamedTuple


class Kind(NamedTuple):
    """The kind of a file, and the remedy for people who want its text."""

    what: str
    remedy: str


_UNPACK = "unpack it, and name the files"
_LEAVE_OUT = "leave it out"
_PLAIN = "save it as text, e.g. with pandoc -t plain"
_EXPORT = "export its texts as .csv or .jsonl"

ZIP = Kind("a zip archive", _UNPACK)
_IN_ZIP = {
    "epub": Kind("an EPUB book", _PLAIN),
    "odt": Kind("an OpenDocument text", _PLAIN),
    "docx": Kind("a Word document", _PLAIN),
    "xlsx": Kind("an Excel workbook", "save its sheet as .csv"),
    "ods": Kind("an OpenDocument sheet", "save it as .csv"),
    "pptx": Kind("a PowerPoint file", "save it as text"),
}
_ENTRIES = {  # names in a zip archive that only one kind of it has
    rb"application/epub\+zip|META-INF/container\.xml": "epub",
    rb"application/vnd\.oasis\.opendocument\.text": "odt",
    rb"application/vnd\.oasis\.opendocument\.spreadsheet": "ods",
    rb"word/[^/]+\.xml": "docx",
    rb"xl/[^/]+\.xml": "xlsx",
    rb"ppt/[^/]+\.xml": "pptx",
}

_BOOKS = {  # by their first bytes; `.` is any byte
    rb"(\xef\xbb\xbf)?\s*%PDF-\d\.\d *[\r\n]": Kind(
        "a PDF file", "save it as text, e.g. with pdftotext"
    ),
    rb"\{\\rtf\d": Kind("an RTF document", _PLAIN),
    rb"%!PS-Adobe": Kind("a PostScript file", "save it as text, e.g. with ps2ascii"),
    rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": Kind(
        "a document of old Microsoft Office", "save it as text, or a sheet as .csv"
    ),
    rb".{60}(BOOKMOBI|TEXtREAd)": Kind("a Kindle book", "save it as text, e.g. with Calibre"),
    rb"AT&TFORM": Kind("a DjVu document", "save it as text, e.g. with djvutxt"),
}
_PACKED = {
    rb"\x1f\x8b\x08": Kind("packed with gzip", "unpack it, or let its name end with .gz"),
    rb"\x28\xb5\x2f\xfd": Kind("packed with Zstandard", "unpack it, or let its name end with .zst"),
    rb"BZh[1-9](1AY&SY|\x17rE8P\x90)": Kind("packed with bzip2", "unpack it with bunzip2"),
    rb"\xfd7zXZ\0": Kind("packed with xz", "unpack it with unxz"),
    rb"\x5d\0\0..(\xff{8}|.{5}\0{3})|LZIP\x01": Kind("packed with LZMA", "unpack it"),
    rb"\x04\x22\x4d\x18": Kind("packed with lz4", "unpack it with unlz4"),
    rb"\x1f\x9d[\x80-\x90]": Kind("packed with compress", "unpack it with uncompress"),
    rb"7z\xbc\xaf\x27\x1c": Kind("a 7z archive", _UNPACK),
    rb"Rar!\x1a\x07": Kind("a RAR archive", _UNPACK),
    rb".{257}ustar(\0|  \0)": Kind("a tar archive", _UNPACK),
    rb"MSCF\0|!<arch>\n|xar!\0|\xed\xab\xee\xdb": Kind("an archive", _UNPACK),
    rb"version https://git-lfs\.github\.com/spec/": Kind(
        "a pointer of Git LFS in the place of a file", "fetch that with git lfs pull"
    ),
}
_DATA = {
    rb"PAR1\x15": Kind("a Parquet table", "let its name end with .parquet"),
    rb"ARROW1\0|FEA1\0|Obj\x01": Kind("a table in columns", "save it as .parquet"),
    rb"SQLite format 3\0": Kind("an SQLite database", _EXPORT),
    rb"\0\x01\0\0Standard (Jet|ACE) DB": Kind("an Access database", _EXPORT),
    rb"\x89HDF\r\n\x1a\n|CDF[\x01\x02\x05]": Kind("an HDF5 or NetCDF file", _EXPORT),
    rb"\x80[\x02-\x05]": Kind("a pickle", "write its texts as .txt or .jsonl"),
    rb"\x93NUMPY": Kind("a NumPy array", _LEAVE_OUT),
    rb".{4}\0{4}\{": Kind("a safetensors file", _LEAVE_OUT),
    rb"GGUF[\x01-\x09]\0": Kind("a GGUF model", _LEAVE_OUT),
    rb"\x7fELF|MZ.{2}[\0-\x0f]\0|[\xce\xcf]\xfa\xed\xfe|\xca\xfe\xba\xbe|\0asm|dex\n0\d\d\0": Kind(
        "a compiled program", _LEAVE_OUT
    ),
}
_MEDIA = {
    rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a.[\0-\x08]|BM.{4}\0{4}|RIFF.{4}WEBP|8BPS\0": Kind(
        "a picture", _LEAVE_OUT
    ),
    rb"II\*\0|MM\0\*|\0\0[\x01\x02]\0[\x01-\xff]\0|\x76\x2f\x31\x01": Kind("a picture", _LEAVE_OUT),
    rb"ID3[\x02-\x04]\0|\xff[\xfb\xfa][\x10-\xef]|RIFF.{4}WAVE|OggS\0|fLaC\0|MThd\0|FORM.{4}AIF": (
        Kind("a sound file", _LEAVE_OUT)
    ),
    rb"\0\0[\0-\x0f].ftyp|RIFF.{4}AVI |\x1aE\xdf\xa3|FLV\x01|\x30\x26\xb2\x75\x8e\x66": Kind(
        "a film or sound file", _LEAVE_OUT
    ),
    rb"\0\x01\0\0\0|OTTO\0|ttcf\0|wOF[F2](\0\x01\0\0|OTTO|true)": Kind("a font", _LEAVE_OUT),
}
_SIGNATURES = {
    re.compile(pattern, re.DOTALL): kind
    for pattern, kind in {**_BOOKS, **_PACKED, **_DATA, **_MEDIA}.items()
}


def find_kind(head: bytes, suffix: str) -> Kind | None:
    """Return the kind of a file that holds no text; None if no signature matches.

    Args:
        head: its first bytes, some hundred at least.
        suffix: the end of its name, which decides between kinds of zip archives if need be.
    """
    if re.match(rb"PK(\x03\x04|\x05\x06|\x07\x08)", head):
        entries = (name for pattern, name in _ENTRIES.items() if re.search(pattern, head))
        return _IN_ZIP.get(next(entries, suffix.removeprefix(".")), ZIP)
    return next((kind for pattern, kind in _SIGNATURES.items() if pattern.match(head)), None)
