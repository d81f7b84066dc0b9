"""Cases of what is read: tables, files that are no text, encodings, patterns, several files."""

import base64
import json
import random
import re
import shutil
import time
import unicodedata
from pathlib import Path

from cases.case import case
from cases.processes import Done, foreign_options, options_of, takes_value
from cases.shared import TWO_STEPS
from cases.small_text import make_text
from cases.trial import Trial, documents

LOCATED = r"{}:{}\b"  # a file and a line, as an error names them


# Tables


@case("01")
def excel_tables(t: Trial) -> None:
    """A byte order mark is nothing; `;` between the cells is found out, or named in the error."""
    done, texts = t.store(t.inputs / "excel_us.csv")
    t.works(done)
    t.must(texts == ["Short one", "The fog came in, and we waited."], f"excel_us: {texts}")
    semicolons = {
        "excel_eu.csv": [
            "Der Nebel kam vor Mittag, und wir warteten.",
            "Ein Satz; mit Strichpunkt",
        ],
        "nocomma_eu.csv": ["Nebel am Morgen", "Regen am Abend"],
        "plain_eu.csv": ["Nebel am Morgen", "Regen am Abend", "Wind, und noch mehr Wind"],
        "sep_line.csv": ["Nebel"],
    }
    for name, wanted in semicolons.items():
        delimiter_is_seen(t, t.inputs / name, wanted)


def delimiter_is_seen(t: Trial, path: Path, wanted: list[str]) -> None:
    """Check that another delimiter is found out, or named, by `prepare` and by `check`."""
    done, texts = t.store(path)
    if done.code == 0:
        t.must(texts == wanted, f"{path.name}: is read as {texts}, without a word")
    else:
        t.refused(done, codes=(2, 65), says="';'|semicolon", remedy="--|,")
        t.must("holds ','" not in done.message, f"wrong cause: {done}")
    checked = t.textgen("corpora", "check", path)
    wrong = re.search(r"'[^'\n]*;Nebel|'Ada;|sep=;'", checked.out)
    named = re.search(r"';'|semicolon|separator|delimiter", checked.told, re.IGNORECASE)
    t.must(
        bool(named) or (not wrong and checked.code == 0), f"check finds nothing: {checked.told!r}"
    )


@case("03")
def commas_without_quotes(t: Trial) -> None:
    """Refused with line and remedy; nothing is cut."""
    done, texts = t.store(t.inputs / "diary.csv")
    t.refused(done, codes=(65,), says=LOCATED.format("diary.csv", 2), remedy="quotation marks|--")
    t.must(texts is None, f"a store is there: {texts}")


@case("04")
def quotes_in_tables(t: Trial) -> None:
    """Line ends in quotes work; else an error with the line."""
    done, texts = t.store(t.inputs / "multiline.csv")
    t.works(done)
    long = "first line\nsecond line, with a comma\n\nfourth line"
    t.must(texts == [long, "plain"], f"multiline: {texts}")
    for name, line in (("stray.csv", 3), ("backslash.csv", 2), ("open.csv", 2)):
        done, texts = t.store(t.inputs / name)
        t.refused(done, codes=(65,), says=LOCATED.format(name, line), remedy="quotation marks|--")
    unquoted = {
        "tweets.tsv": ['"Quoted" at the start of a tweet', "plain"],
        "tweets2.tsv": ['"Opens and never closes', "plain", "plain too"],
    }
    for name, wanted in unquoted.items():
        unquoted_tsv(t, t.inputs / name, wanted)


def unquoted_tsv(t: Trial, path: Path, wanted: list[str]) -> None:
    """Check that a .tsv whose quotation marks are text can be read, at least with an option."""
    done, texts = t.store(path)
    if done.code:
        t.one_line(done)
        t.told(done, LOCATED.format(path.name, 2))
        t.should("' ' expected" not in done.message, f"a tab is shown as a space: {done}")
        done, texts = t.store(path, *advised(done))
    t.should(done.code == 0, f"no way to read it: {done}")
    t.must(done.code != 0 or texts == wanted, f"{path.name}: {texts}")


def advised(done: Done) -> list[str]:
    """Return the first option that a message tells to use, as a person would type it."""
    told = re.findall(r"(--[a-z-]+)(?:[ =](?:'([^']*)'|([\w$./\\-]+)))?", done.message)
    for option, quoted, word in told:
        if option in options_of(done.command):
            needs_value = takes_value(done.command, option)
            return [option, quoted or word] if needs_value else [option]
    return []


@case("05")
def line_ends_of_tables(t: Trial) -> None:
    """CRLF, CR and LF give the same store."""
    stores = {}
    for name in ("crlf", "lf", "cr"):
        done, texts = t.store(t.inputs / f"{name}.csv")
        t.works(done)
        t.must(bool(texts), f"{name}: no texts")
        store = t.folder / "store"
        splits = ("train", "validation", "test")
        stores[name] = [(store / f"{split}.bin").read_bytes() for split in splits]
        t.must((name == "lf") != bool(re.search(r"\bCRL?F?\b", done.err)), f"{name}: {done.err!r}")
    t.must(stores["crlf"] == stores["lf"] == stores["cr"], "the tokens differ")


@case("06")
def json_arrays(t: Trial) -> None:
    """An array of JSON gives its rows, or is told to be JSON; no option is dropped."""
    posts, export = t.inputs / "posts.json", t.inputs / "export.json"
    selftexts = ["Again.", "It looked at me first.", "Where can one buy it in winter?"]
    contents = ["anyone on the quay?", "me, freezing"]
    rows_or_told(t, [posts], None)
    rows_or_told(t, [posts, "--column", "selftext"], selftexts)
    rows_or_told(t, [export, "--template", "$content"], contents)
    rows_or_told(t, [t.inputs / "posts.jsonl", "--column", "selftext"], selftexts)
    checked = t.textgen("corpora", "check", posts)
    t.must("JSON" in checked.told or "--column" in checked.told, f"check: {checked.told!r}")
    small = t.write("small.txt")
    for option, value in (("--column", "text"), ("--template", "$text")):
        done = t.textgen("prepare", small, option, value, "-o", "plain")
        t.refused(done, codes=(2, 65), says=option)


def rows_or_told(t: Trial, arguments: list[str | Path], wanted: list[str] | None) -> None:
    """Check that JSON is rows, or is refused for what it is."""
    done, texts = t.store(*arguments)
    if done.code == 0:
        read_as_prose = any("{" in text for text in texts or [])
        t.must(not read_as_prose, f"JSON is read as prose: {arguments[1:]} gives {texts}"[:300])
        t.must(wanted is None or texts == wanted, f"{arguments[1:]} gives {texts}")
    elif "column" in done.message and wanted is None:
        t.refused(done, codes=(65,), remedy="--column")
    else:
        t.refused(done, codes=(2, 65), remedy=r"\.jsonl|--|line")
        t.should("JSON" in done.message, f"does not say that it is JSON: {done}")


@case("07")
def odd_json_lines(t: Trial) -> None:
    """What is not asked for does not matter; else the line and a remedy are told."""
    done, texts = t.store(t.inputs / "nan.jsonl")
    t.works(done)
    t.must(texts == ["a calm sea", "a wild sea", "no sea"], f"nan: {texts}")
    done, texts = t.store(t.inputs / "huge.jsonl")
    t.should(done.code == 0, f"a number that nobody asked for: {done}")
    t.must(texts is None or "a" in texts, f"huge: {texts}")
    mixed_types(t)
    chat_messages(t)
    done, texts = t.store(t.inputs / "latecol.jsonl")
    if done.code:
        t.should(bool(re.search(r"jsonl:[123]\b", done.message)), f"no line: {done}")
        done, texts = t.store(t.inputs / "latecol.jsonl", "--column", "text")
    t.should(done.code == 0 or ":1" in done.message, f"a column that comes late: {done}")
    t.must(texts in (None, ["and more", "now there is text"]), f"latecol: {texts}")


def mixed_types(t: Trial) -> None:
    """Check that a number in place of a text is told with its line and a remedy."""
    done, _ = t.store(t.inputs / "mixed.jsonl")
    t.refused(done, codes=(65,), says=LOCATED.format("mixed.jsonl", 2), remedy="--template|--where")


def chat_messages(t: Trial) -> None:
    """Check that a list of messages is read, or refused once, for what it is."""
    done, texts = t.store(t.inputs / "listfirst.jsonl")
    if done.code == 0:
        t.must(any("Is the ferry late?" in text for text in texts or []), f"messages: {texts}")
        return
    t.refused(done, codes=(65,))
    circle = re.search(r"name it with --column.*columns are: messages", done.message)
    t.should(not circle, f"advice that leads to another refusal: {done}")
    t.should(bool(re.search(r"list|dict|objects", done.message)), f"not why: {done}")


@case("13")
def parquet_types(t: Trial) -> None:
    """Text is text, whatever its type; what is none is told with a remedy."""
    four = ["Dog at the gate", *["Flamingo on the quay"] * 2, "Parrot in the loft"]
    for name in ("dict", "dictonly", "large", "view", "pandas", "index"):
        done, texts = t.store(t.inputs / f"{name}.parquet")
        t.works(done)
        t.must(texts == four, f"{name}: {texts}")
    done, texts = t.store(t.inputs / "nulls.parquet")
    t.works(done)
    t.must(texts == ["x only"], f"nulls: {texts}")
    done, texts = t.store(t.inputs / "empty.parquet")
    t.refused(done, codes=(65,), says=r"empty\.parquet.*empty|no text")
    done, texts = t.store(t.inputs / "binary.parquet")
    if done.code:
        t.refused(done, codes=(65,), says="row 1")
        way_out = re.search(r"--|string|cast|utf-8", done.message, re.IGNORECASE)
        t.could(bool(way_out), f"bytes that are UTF-8, no remedy: {done}")
    else:
        t.must(texts == four, f"binary: {texts}")
    for name in ("list", "struct"):
        done, _ = t.store(t.inputs / f"{name}.parquet")
        t.refused(done, codes=(65,), says=r"row 1.*text")


# Files that are no text


BINARIES = {
    "book.pdf": "PDF",
    "ascii.pdf": "PDF",
    "book.epub": "EPUB|zip",
    "letter.docx": "DOCX|Word|zip",
    "books.zip": "zip",
    "books.tar.gz": "tar",
    "small.txt.bz2": "bz2|bzip2",
    "small.txt.xz": r"\bxz\b|LZMA",
    "gz.txt": "gz",
    "rtf.rtf": "RTF|Rich Text",
}
UNPACKABLE = ("small.txt.bz2", "small.txt.xz", "gz.txt")  # what they hold may be read instead
MARKED_UP = {"page.html": "HTML", "sub.srt": "subtitle|SubRip|SRT|time"}
FORCED = (
    ("--encoding", "auto"),
    ("--encoding", "latin-1"),
    ("--encoding", "latin-1", "--control-characters", "remove"),
)


@case("12")
def no_text_files(t: Trial) -> None:
    """What is no text is refused for what it is, with a remedy, whatever encoding is named."""
    for name, kind in BINARIES.items():
        done, texts = t.store(t.inputs / name)
        names_kind = re.search(kind, done.message.split(name, 1)[-1], re.IGNORECASE)
        if done.code == 0 and name in UNPACKABLE:
            t.must(bool(re.match("[A-Z]", (texts or [""])[0])), f"{name}: {texts}")
            continue
        t.must(done.code in (2, 65), f"trained on: {done}")
        t.must(bool(names_kind), f"does not say {kind}: {done}")
        t.one_line(done)
        if names_kind:
            t.should(len(done.message.split(";")) > 1, f"no remedy: {done}")
        for options in FORCED:
            forced, _ = t.store(t.inputs / name, *options)
            t.must(forced.code in (2, 65), f"{name} {' '.join(options)}: is trained on")
    for name, kind in MARKED_UP.items():
        done, _ = t.store(t.inputs / name)
        told = done.err.replace(name, "")
        t.should(bool(re.search(kind, told, re.IGNORECASE)), f"{name}: not a word of {kind}")
        t.must(done.code in (0, 2, 65), f"{done}")
    packed_files(t)


def packed_files(t: Trial) -> None:
    """Check what was right: packed files that are damaged, folders, other names of text."""
    for name in ("notgz.txt.gz", "truncated.txt.gz"):
        done, _ = t.store(t.inputs / name)
        t.refused(done, codes=(65,), says=name, remedy="again|anew|rename|name")
    done, texts = t.store(t.inputs / "mix")
    t.must(done.code != 0 or len(texts or []) == 1, f"mix: {texts}")
    t.refused(t.store(t.inputs / "none")[0], codes=(65, 66), says=r"\.txt")
    done, texts = t.store(f"{t.inputs}/mdonly/*.md")
    t.works(done)
    t.must(bool(texts), "Markdown is text")


@case("14")
def nothing_in_it(t: Trial) -> None:
    """A corpus without text is called that, by its name."""
    empty = ("blank.jsonl", "bom.txt", "empty.csv", "empty.jsonl", "empty.txt", "header.csv")
    for name in (*empty, "header2.csv"):
        done, _ = t.store(t.inputs / name)
        t.refused(done, codes=(65,), says=f"{re.escape(name)}.*(empty|no text|no rows)")
    for name in ("spaces.txt", "newlines.txt"):
        for options in ((), ("--documents", "line")):
            done, texts = t.store(t.inputs / name, *options)
            t.should(done.code == 65, f"{name} {' '.join(options)}: {texts} is trained on")
            t.should(name in done.message or done.code == 0, f"not its name: {done}")
    done, texts = t.store(t.write("lines.txt", "one\n   \n\t\ntwo\n"), "--documents", "line")
    t.works(done)
    t.should(texts == ["one", "two"], f"documents without text are none: {texts}")
    t.works(t.store(t.inputs / "mixed")[0])


@case("15")
def markers_of_gpt2(t: Trial) -> None:
    """Markers around each text are recognised, or remarked upon, or can be named."""
    gpt2 = t.inputs / "gpt2.txt"
    done, texts = t.store(gpt2)
    t.works(done)
    recognised = len(texts or []) > 1 and not any("<|" in text for text in texts or [])
    remark = r"endoftext|startoftext|marker|separator"
    remarked = re.search(remark, done.err)
    checked = t.textgen("corpora", "check", gpt2)
    beside_samples = [line for line in checked.told.splitlines() if not line.startswith("  '")]
    checked_so = any(re.search(remark, line) for line in beside_samples)
    can_be_named = {"--separator", "--document-separator"} & options_of("prepare")
    t.should(
        bool(recognised or remarked or checked_so or can_be_named),
        f"{len(texts or [])} document(s) with markers in the text, and not a word",
    )
    foreign = foreign_options(done.err, "prepare")
    t.must(not foreign, f"advises {foreign}")


@case("16")
def one_line_many_times(t: Trial) -> None:
    """Copies of one text are trained on, or it is said what is wrong, in time."""
    rows = "".join(json.dumps({"text": "The ferry was late."}) + "\n" for _ in range(3000))
    same_rows = t.write("rows.jsonl", rows)
    same_lines = (str(t.inputs / "same.txt"), "--documents", "line")
    for corpus in (same_lines, (str(same_rows),)):
        done, _ = t.store(*corpus)
        t.works(done)
        has_validation = (t.folder / "store" / "validation.bin").stat().st_size > 0
        cause = r"validation|held out|copies|duplicate|one text|same"
        notes = [line for line in done.err.splitlines() if "note" in line]
        told = any(re.search(cause, note) for note in notes)
        t.should(has_validation or told, f"prepare: no validation split, not a word: {done.err!r}")
    done = t.textgen("train", *same_lines, "-o", "m", *TWO_STEPS, "-q")
    if done.code:
        says_what_is_wrong(t, done, same_lines)


def says_what_is_wrong(t: Trial, done: Done, corpus: tuple[str, ...]) -> None:
    """Check the line about an empty validation split: cause, remedy, before TensorFlow loads."""
    t.one_line(done)
    t.should("give more text" not in done.message, f"more text does not help: {done}")
    cause = r"cop(y|ies)|duplicate|the same|one text|alike|hash"
    t.should(bool(re.search(cause, done.message)), f"not why: {done}")
    options = advised(done)
    t.should(bool(options), f"no option that helps: {done}")
    if options and options[0] not in corpus:
        values = [str(t.write("other.txt")) if o.isupper() else o for o in options]
        again = t.textgen("train", *corpus, *values, "-o", "m", *TWO_STEPS, "-q")
        t.should(again.code == 0, f"the advice does not help: {again}")
    timed = t.textgen(
        "train", *corpus, "-o", "m2", *TWO_STEPS, "-q", env={"PYTHONPROFILEIMPORTTIME": "1"}
    )
    loaded = re.search(r"\| +tensorflow$", timed.err, re.MULTILINE)
    t.should(not loaded, "TensorFlow is loaded before it is said")


# Names and encodings


@case("08")
def brackets_in_names(t: Trial) -> None:
    """A path that exists is that path, whatever is in its name."""
    names = (
        "[D_DATA]/[draft 2] book.txt",
        "-dash.txt",
        "Кириллица/книга.txt",
        "☕ notes.txt",
        "a*b.txt",
        "what?.txt",
    )
    for name in names:
        t.write(name)
        done, texts = t.store(f"./{name}")
        t.works(done)
        t.must(texts is not None and "".join(texts) != "", f"{name}: {texts}")
    t.works(t.store("[D_DATA]")[0])
    (t.folder / "linked.txt").symlink_to("-dash.txt")
    t.works(t.store("linked.txt")[0])
    t.write("loop/book.txt")
    (t.folder / "loop" / "again").symlink_to("..")
    t.works(t.store("loop")[0])
    done, _ = t.store("[D_DATA]/*.txt")
    t.refused(done, codes=(66,), says="pattern")
    why = re.search(
        r"bracket|\[\[\]|\[D_DATA\].{1,40}pattern|pattern.{1,60}\[D_DATA\]' ?(,|is|as)",
        done.message.split(":", 1)[-1],
    )
    t.could(bool(why), f"does not say that [D_DATA] was read as a pattern: {done}")


@case("09")
def quotes_of_windows(t: Trial) -> None:
    """The line or byte is told, and an option that the command has."""
    quotes = t.inputs / "quotes.txt"
    done, _ = t.store(quotes)
    t.refused(done, codes=(65,), says=r"quotes.txt:1.*(byte 7|92)", remedy="--encoding")
    done, texts = t.store(quotes, "--encoding", "auto")
    t.works(done)
    t.must("\u2019" in "".join(texts or []), f"auto: {texts}")
    data = quotes.read_bytes()
    doors: list[tuple[tuple[str | Path, ...], bytes]] = [
        (("generate", "-f", quotes, "-n", "3"), b""),
        (("generate", "-", "-n", "3"), data),
        (("generate", "--jsonl", "-f", quotes, "-n", "3"), b""),
        (("next", "-f", quotes), b""),
        (("next", "-"), data),
        (("tokenizer", "encode", "-f", quotes), b""),
        (("tokenizer", "encode", "-"), data),
        (("evaluate", quotes), b""),
        (("evaluate", "-"), data),
    ]
    for arguments, stdin in doors:
        bad_byte_at_a_door(t, arguments, stdin)


def bad_byte_at_a_door(t: Trial, arguments: tuple[str | Path, ...], stdin: bytes) -> None:
    """Check what a command says of bytes that are no UTF-8, and that obeying it helps."""
    done = t.textgen(*arguments, stdin=stdin)
    t.refused(done, codes=(65,), says=r"byte|:1\b")
    remedy = re.search(r"--encoding|utf-?8.*;|;.*utf-?8|iconv|convert", done.message, re.IGNORECASE)
    t.must(bool(remedy), f"no remedy: {done}")
    if "--encoding" in done.message and "--encoding" in options_of(done.command):
        again = t.textgen(*arguments, "--encoding", "cp1252", stdin=stdin)
        t.must(again.code == 0 or "JSON" in again.told, f"the advice does not help: {again}")


@case("11")
def chat_export(t: Trial) -> None:
    """All marks of a chat come back from every tokenizer, and what was changed is counted."""
    chat = t.inputs / "chat.txt"
    raw = chat.read_bytes().decode()
    wanted = unicodedata.normalize("NFC", raw.replace("\r\n", "\n"))
    done, texts = t.store(chat)
    t.works(done)
    t.must(texts == [wanted], f"the store holds {texts}")
    t.must("CRLF" in done.err and re.search("nfc", done.err, re.I) is not None, done.err)
    for kind in ("char", "byte", "bpe", "unigram", "word"):
        size = [] if kind in ("char", "byte") else ["--vocab-size", "300"]
        made = f"{kind}.json"
        t.works(t.textgen("tokenizer", "train", chat, "--tokenizer", kind, *size, "-o", made))
        encoded = t.textgen("tokenizer", "encode", "-f", chat, "-m", made)
        back = t.textgen("tokenizer", "decode", "-m", made, "-", stdin=encoded.out)
        t.must(back.out.rstrip("\n") == wanted.rstrip("\n"), f"{kind}: {back.out!r}")


@case("19")
def foreign_tokenizers(t: Trial) -> None:
    """What one's own tokenizer loses is told: what it was, and what it became."""
    small = t.write("small.txt")
    for name in ("bert", "gpt2", "nounk", "wl"):
        done = t.textgen("prepare", small, "--tokenizer", t.inputs / f"{name}.json", "-o", name)
        t.works(done)
        t.must(f"{name}.json" in done.err, f"{name}: not told that it loses: {done.err!r}")
        note = next((line for line in done.err.splitlines() if f"{name}.json" in line), "")
        shown = re.findall(r"'[^']+'|\"[^\"]+\"", note)
        t.should(len(set(shown)) >= 2, f"{name}: not what it became: {note!r}")
    wrong = {
        "vocab.json": "vocab|merges|only the tokens",
        "tokenizer_config.json": "config|settings",
        "spm.model": "SentencePiece|convert|tokenizer.json|" + re.escape(".json file"),
    }
    for name, says in wrong.items():
        path = t.inputs / name
        done = t.textgen("prepare", small, "--tokenizer", path, "-o", "wrong")
        t.refused(done, codes=(2, 65))
        facts = done.message.split(name, 1)[-1]
        t.should(bool(re.search(says, facts, re.IGNORECASE)), f"not what it is: {done}")
        t.should(not facts.rstrip().endswith("'model'"), f"a name from inside: {done}")


# Many files, large ones, none


@case("53")
def without_a_network(t: Trial) -> None:
    """One line and a remedy, whatever cannot be fetched."""
    offline = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "1"}
    done = t.textgen("prepare", "hf:ada/harbour", "-o", "o", env=offline)
    t.refused(
        done, codes=(2, 65, 66, 74), says="ada/harbour|hub|offline|network", remedy=";|--|HF_"
    )
    hints = {
        "karpathy/tiny_shakespeare": "hf:",
        "https://example.com/book.txt": "download|fetch|http|URL",
    }
    for name, hint in hints.items():
        done = t.textgen("prepare", name, "-o", "o", env=offline)
        t.refused(done, codes=(2, 65, 66), says=re.escape(name))
        rest = done.message.replace(name, "")
        t.could(bool(re.search(hint, rest, re.IGNORECASE)), f"no hint of {hint}: {done}")
    done = t.textgen("generate", "-m", "hf:org/name", "-n", "3", env=offline)
    t.refused(done, codes=(2, 66), says="hf:org/name")
    t.could("-o hf:org/name" not in done.message, f"a remedy that is none: {done}")
    t.refused(t.textgen("prepare", "nothing.txt", "-o", "o"), codes=(66,), says="nothing.txt")


@case("54")
def several_files(t: Trial) -> None:
    """Thousands of files are one corpus, quickly; several arguments are told how to be one."""
    many = t.folder / "many"
    many.mkdir()
    for number in range(6000):
        (many / f"{number}.txt").write_text(f"Letter {number}. The ferry was late again.\n")
    begin = time.monotonic()
    done, texts = t.store("many")
    t.works(done)
    t.must(len(texts or []) == 6000, f"{len(texts or [])} documents")
    t.must(time.monotonic() - begin < 30, f"6,000 files take {time.monotonic() - begin:.0f} s")
    t.write("a.txt")
    t.write("b.txt")
    done = t.textgen("prepare", "a.txt", "b.txt", "-o", "o")
    if done.code:
        t.refused(done, codes=(2,), says="b.txt")
        hint = re.search(r"folder|quot|pattern|glob|'\*", done.message)
        t.could(bool(hint), f"no word of a folder or a quoted pattern: {done}")
    else:
        t.must(len(documents(t.folder / "o")) == 2, "two files are not two documents")


@case("55")
def long_lines(t: Trial) -> None:
    """Text without spaces, and huge lines, take little time and memory."""
    source = random.Random(1)
    kanji = "".join(chr(source.randrange(0x4E00, 0x9FA0)) for _ in range(1_000_000))
    noise = base64.b64encode(source.randbytes(3_000_000)).decode()
    line = make_text(100_000).replace("\n", " ")[:4_000_000]
    for name, text in (("kanji", kanji), ("base64", noise), ("line", line)):
        path = t.write(f"{name}.txt", text)
        for kind in ("char", "bpe"):
            begin = time.monotonic()
            done = t.textgen("prepare", path, "--tokenizer", kind, "-o", "o", "--overwrite")
            t.works(done)
            took = time.monotonic() - begin
            t.must(took < 100, f"{name} as {kind}: {took:.0f} s")
            shutil.rmtree(t.folder / "o.old", ignore_errors=True)
