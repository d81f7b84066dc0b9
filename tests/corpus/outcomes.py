"""What comes of the hostile files: what is read, or what is said behind the file's name."""

from tests.corpus.hostile import LONG

Outcome = str | list[str]  # what an error says behind the file's name, or the documents

# Of the texts: what is read, where that is not the text itself.
CLEAN = {
    "CR line ends": "a\nb\nc",
    "mixed line ends": "a\nb\nc\nd",
    "thousand accents": "\u00e9" + "\u0301" * 999,
    "not normal": "\u00e9 \u00c5",
}
# The line in the text, the byte in it, and what is there.
UNDECODABLE = {
    "utf-16 with a mark": (1, 0, "ff"),
    "latin-1": (2, 11, "e9"),
    "cut inside a character": (1, 3, "c3"),
    "overlong": (1, 1, "c0"),
    "beyond Unicode": (1, 1, "f4"),
    "surrogates as in CESU-8": (1, 1, "ed"),
    "random bytes": (1, 0, "f5"),
}
# The line in the text, and the character, counted from 1.
NULS = {"utf-16 without a mark": (1, 2), "utf-32": (1, 2), "NUL": (2, 6)}

NOT_JSON = ":1: not JSON ("
NO_PARQUET = ": not a readable .parquet file ("
NO_GZIP = "cannot be unpacked (Error -3 while decompressing data: incorrect header check)"
CUT_SHORT = "cannot be unpacked (it ends too early)"
WHICH = ": which column holds the text? "
SECOND_NUL = "character 2 of the text is NUL"
TEN_LINES = "several words of text\n" * 10

# In the order of FORMS.
FILE_OUTCOMES: dict[str, tuple[Outcome, ...]] = {
    "nothing": ([], [], [], NO_PARQUET, f": byte 0: {CUT_SHORT}"),
    "only a mark": ([], [], [], NO_PARQUET, f": byte 3: {NO_GZIP}"),
    "only line ends": (["\n\n\n"], [], [], NO_PARQUET, f": byte 4: {NO_GZIP}"),
    "only NULs": (":1: NUL", NOT_JSON, [], NO_PARQUET, f": byte 1024: {NO_GZIP}"),
    "noise": (
        *[": no text: 18% of its first characters"] * 3,
        NO_PARQUET,
        f": byte 1024: {NO_GZIP}",
    ),
    "a picture": (*[": a picture, no plain text"] * 3, NO_PARQUET, f": byte 33: {NO_GZIP}"),
    "a page": (
        *[": HTML, no plain text"] * 3,
        NO_PARQUET,
        f": byte 60: {NO_GZIP}",
    ),
    "packed twice": (*[": packed with gzip"] * 3, NO_PARQUET, ": packed with gzip"),
    "zst": (*[": packed with Zstandard"] * 3, NO_PARQUET, f": byte 13: {NO_GZIP}"),
    "parquet": (*[": a Parquet table"] * 3, ["text"], f": byte 430: {NO_GZIP}"),
    "JSON list": (
        ": a JSON list, no plain text",
        ":1: a JSON list; an object is wanted",
        ": a JSON list, no plain text",
        NO_PARQUET,
        f": byte 31: {NO_GZIP}",
    ),
    "half of it": (
        [TEN_LINES],
        NOT_JSON,
        ":2: unexpected end of data",
        NO_PARQUET,
        f": byte 23: {CUT_SHORT}",
    ),
    "twice": (["texttext"], ["text"] * 2, ["text"] * 3, ["text"], ["texttext"]),
    "with garbage behind": (
        ":1: byte 5 (ff) is not utf-8",
        ":2: byte 18 (ff) is not utf-8",
        ":3: byte 13 (ff) is not utf-8",
        NO_PARQUET,
        f": byte 33: {NO_GZIP}",
    ),
}

# As .jsonl, .csv and .parquet; as .txt they are text if no JSON, as .csv.gz the same as .csv.
ROW_OUTCOMES: dict[str, tuple[Outcome, Outcome, Outcome]] = {
    "huge number": (["a"], ["a"], ["a"]),
    "number for text": (":1: 'text' holds '5', a int", ["5"], ": row 1: 'text' holds '5', a int"),
    "infinity for text": (":1: 'text' holds 'inf'", ["Infinity"], ": row 1: 'text' holds 'inf'"),
    "nesting": (":1: JSON that is nested", ["[" * LONG], ": row 1: 'text' holds \"{'a': {'b"),
    "list for text": (":1: 'text' holds \"['a']\"", ['["a"]'], ": row 1: 'text' holds \"['a']\""),
    "bytes for text": (["ÿ"], ":2: byte 5 (ff) is not utf-8", ": row 1: 'text' holds \"b'"),
    "null": (["a"], ["a"], ["a"]),
    "all null": ([], [], []),
    "missing column": (WHICH, WHICH, WHICH),
    "column that goes missing": (["a"], ":3: 1 fields, but", []),
    "extra field": (["a", "b"], ":3: 2 fields, but the first line has 1", []),
    "same name twice": (":1: the key 'text' comes", ":1: the column 'text'", ": the column 'text'"),
    "name that is empty": (["a"], ["1"], ": no column has a name"),
    "header alone": ([], [], []),
    "no columns": ([], [], []),
    "a great many columns": (WHICH, WHICH, WHICH),
    "quotation mark left open": (NOT_JSON, ":2: unexpected end of data; close quotation", []),
    "quotation mark in the middle": (NOT_JSON, ['a "b" c'], []),
    "text behind a quotation": (NOT_JSON, ":2: ',' expected after '\"'; close quotation", []),
    "escapes of lone surrogates": (":1: character 2 of the text is a lone", ":2: byte 6 (ed)", []),
    "escapes of pairs": (["😀"], ["😀"], []),
    "escape of NUL": (f":1: {SECOND_NUL}", f":2: {SECOND_NUL}", f": row 1: {SECOND_NUL}"),
    "unknown escape": (NOT_JSON, ["\\x41"], []),
    "comment": (NOT_JSON, ["text", "a"], []),
    "several objects in a line": (NOT_JSON, ["a\ttext\tb"], []),
}

# Rows that are none as .jsonl, and so are text as .txt.
NO_JSON = {
    "nesting",
    "quotation mark left open",
    "quotation mark in the middle",
    "text behind a quotation",
    "unknown escape",
    "comment",
    "several objects in a line",
}

# The same whatever is packed; the byte is where the packed file ends or goes wrong.
PACKED_OUTCOMES: dict[str, Outcome] = {
    "plain": NO_GZIP,
    "cut in its header": CUT_SHORT,
    "cut in the middle": CUT_SHORT,
    "cut before its check": CUT_SHORT,
    "wrong check": "incorrect data check",
    "bytes behind": NO_GZIP,
    "zeros behind": ["one"],
    "empty": CUT_SHORT,
    "two members": ["one"],
    "empty members": ["one"],
    "zstandard inside": NO_GZIP,
    "zlib": NO_GZIP,
}
