"""Cases of what is written: prompts, stops, bans, constraints, samplers, extremes."""

import json
import math
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

from cases.case import case
from cases.processes import Done, help_of
from cases.shared import TWO_STEPS
from cases.trial import Trial

GREEDY = ("--temperature", "0", "-q")
SEEDED = ("-s", "1", "-q")  # a text with a line end in the first 120 tokens
DECOMPOSED = "e\u0301"  # an accent as macOS types it


def one(t: Trial, *arguments: str | Path) -> dict[str, Any]:
    """Run a command with `--json` and return its object; empty if there is none."""
    done = t.textgen(*arguments, "--json")
    t.works(done)
    return dict(done.objects()[0]) if done.code == 0 else {}


# What a terminal shows, what a program reads


@case("10")
def narrow_terminals(t: Trial) -> None:
    """A character that the terminal lacks is never fatal; files are UTF-8."""
    cup = ("generate", "The", "--choice", "☕ später", "-q")
    for encoding in ("ascii", "cp1252"):
        narrow = {"LANG": "C", "LC_ALL": "C", "PYTHONIOENCODING": encoding}
        shown = t.textgen(*cup, env=narrow)
        t.works(shown)
        t.must("sp" in shown.out and "ter" in shown.out, f"{encoding}: {shown.out!r}")
        t.works(t.textgen(*cup, "-o", f"{encoding}.txt", env=narrow))
        written = (t.folder / f"{encoding}.txt").read_bytes().decode()
        t.must(written.strip() == "☕ später", f"-o: {written!r}")
        t.works(t.textgen(*cup, "--json", env=narrow))
        t.works(t.textgen(*cup, "--json", "-o", f"{encoding}.json", env=narrow))
        told = json.loads((t.folder / f"{encoding}.json").read_bytes())
        t.must(told["text"] == "☕ später", f"--json: {told}")
        missing = t.textgen("generate", "-f", "☕.txt", env=narrow)
        t.refused(missing, codes=(66,), says=r"\.txt")


@case("32")
def strict_json(t: Trial) -> None:
    """All that is called JSON is strict JSON."""
    small = t.write("small.txt")
    commands: list[tuple[str | Path, ...]] = [
        ("generate", "The", "-n", "5", "--json"),
        ("generate", "The", "-n", "5", "--json", "--top-k", "1"),
        ("generate", "The", "-n", "5", "--json", "--temperature", "0"),
        ("generate", "The", "-n", "5", "--json", "--beams", "3"),
        ("generate", "The", "-n", "5", "--json", "--choice", "yes"),
        ("generate", "The", "-n", "5", "--json", "--logit-bias", "e=-100"),
        ("generate", "The", "-n", "0", "--json"),
        ("generate", "The", "-n", "5", "--json", "--num-samples", "3"),
        ("generate", "The", "-n", "5", "--json", "-m", t.shared.model),
        ("next", "The", "--json"),
        ("next", "The", "--json", "--top-k", "2", "-k", "300"),
        ("next", "The", "--json", "--temperature", "0"),
        ("next", "The", "--json", "--ban-token", "e"),
        ("evaluate", small, "--json"),
        ("info", "--json"),
        ("info", "--json", "-m", t.shared.model),
        ("corpora", "report", small, "--json"),
        ("corpora", "check", small, "--json"),
        ("tokenizer", "encode", "The ☕", "--json"),
        ("tokenizer", "info", "--json"),
    ]
    for arguments in commands:
        strict(t, t.textgen(*arguments))
    rows = '"The"\n{"prompt": "A", "temperature": -1}\nnot JSON\n{"prompt": "B", "top_k": 1}\n'
    mixed = t.textgen("generate", "--jsonl", "-n", "3", stdin=rows)
    t.must(len(mixed.objects()) == 4, f"--jsonl: {mixed.out!r}")
    history = (t.shared.model / "history.jsonl").read_text("utf-8")
    strict(t, Done(("history.jsonl",), 0, history, ""))


def strict(t: Trial, done: Done) -> None:
    """Check that an output parses line by line, and holds something."""
    t.works(done)
    try:
        t.must(bool(done.objects()), f"no JSON: {done.arguments}")
    except ValueError as error:
        t.must(False, f"{' '.join(done.arguments[:4])}: {error}")


@case("33")
def parts_of_characters(t: Trial) -> None:
    """Tokens that are bytes of a character can be told apart."""
    for model in (t.inputs / "byte.json", t.shared.model):
        done = t.textgen("tokenizer", "encode", "हé", "-m", model, "--json")
        t.works(done)
        texts = [str(row[1:]) for row in done.objects()[0]]
        t.should(len(set(texts)) > 3, f"{model.name}: the tokens look like {texts}")
    first = json.loads(t.textgen("tokenizer", "encode", "☕", "--json").out)[0][0]
    shown = t.textgen("next", "The", "--json", "-k", "5000")
    names = {row["token"]: row["text"] for row in shown.objects()[0]}
    t.must("e2" in names.get(first, ""), f"next: {names.get(first)}")
    forced = ("The", "--logit-bias", f"#{first}=100", "-n", "1", *SEEDED)
    text = one(t, "generate", *forced).get("text", "")
    t.should("\ufffd" not in text, f"a text cut within a character ends in {text!r}")
    streamed = t.textgen("generate", *forced, "--stream")
    t.should("\ufffd" not in streamed.out, f"so does its stream: {streamed.out!r}")


# Prompts


PROMPTS = (
    "The",
    "",
    "   ",
    "\n",
    "The \n",
    "The\r\nfog",
    "\ufeffThe fog",
    "Cafe\u0301",
    "a\u0085b",
)
NUL = "The\x00fog"


@case("24")
def prompts_by_door(t: Trial) -> None:
    """A prompt is read alike by every door."""
    rows = t.program("prompts_by_door", json.dumps([*PROMPTS, NUL]))
    lines = "".join(json.dumps(prompt) + "\n" for prompt in (*PROMPTS, NUL))
    batch = t.textgen("generate", "--jsonl", "-n", "4", *GREEDY, stdin=lines).objects()
    for number, prompt in enumerate((*PROMPTS, NUL)):
        seen = {"--jsonl": outcome_of(batch[number]), "Python": rows[str(number)]["value"]}
        path = t.write("prompt.txt", prompt)
        seen["-f"] = door(t, "-f", path)
        seen["stdin"] = door(t, "-", stdin=prompt)
        if "\0" not in prompt:
            seen["argument"] = door(t, "--", prompt)
            seen["-p"] = door(t, "-p", prompt)
        t.must(len(set(seen.values())) == 1, f"{prompt!r} differs by door: {seen}")
    bom_of_next(t)
    echoed = t.textgen("generate", "The", "--echo", "--json", "-n", "3", *GREEDY)
    if echoed.code:
        t.refused(echoed, codes=(2,), says="echo")
    else:
        t.must(echoed.objects()[0]["text"].startswith("The"), "--echo --json: echo is dropped")


def door(t: Trial, *arguments: str | Path, stdin: str = "") -> str:
    """Return what a prompt gives by a door: its text, or that it is refused."""
    done = t.textgen("generate", "--json", "-n", "4", *GREEDY, *arguments, stdin=stdin)
    t.one_line(done)
    return outcome_of(done.objects()[0]) if done.code == 0 else "refused"


def outcome_of(result: dict[str, Any]) -> str:
    """Return what matters of a result: its text and how the prompt was counted."""
    if result.get("error"):
        return "refused"
    return f"{result['text']!r} after {result['usage']['prompt_tokens']} tokens"


def bom_of_next(t: Trial) -> None:
    """Check that `next` and `tokenizer encode` take a byte order mark as `generate` does."""
    path = t.write("bom.txt", "\ufeffThe fog")
    for command in (("next", "--json"), ("tokenizer", "encode")):
        by_file = t.textgen(*command, "-f", path)
        by_stdin = t.textgen(*command, "-", stdin="\ufeffThe fog")
        t.works(by_file)
        t.must(by_file.out == by_stdin.out, f"{command[0]}: a BOM differs by door")


# Stops, bans, choices


@case("27")
def escaped_line_ends(t: Trial) -> None:
    r"""`\n` in a text is understood, or there is a word in the help."""
    line_end = r"\$'\\n'|\\n|escape|line end|new ?line"
    plain = t.textgen("generate", "In", "-n", "120", *SEEDED)
    t.must("\n" in plain.out.rstrip("\n"), "the text to be stopped has no line end")
    for option, value in (("--stop", r"\n"), ("--ban", r"\n"), ("--choice", r"yes\nno")):
        done = t.textgen("generate", "In", "-n", "120", *SEEDED, option, value)
        told = re.search(line_end, done.err + help_of("generate", option))
        written = done.out.removesuffix("\n")
        understood = "\n" not in written if option != "--choice" else written == "yes\nno"
        t.should(bool(understood or told), f"{option} '{value}': never matches, not a word")
    stopped = t.textgen("generate", "In", "-n", "120", *SEEDED, "--stop", "\n")
    t.must(stopped.out.rstrip("\n") == plain.out.split("\n")[0], "a real line end does not stop")


@case("27b")
def texts_by_environment(t: Trial) -> None:
    """What may be repeated is read from the environment as from the command line."""
    plain = t.textgen("generate", "In", "-n", "60", *SEEDED).out
    phrase = " ".join(plain.split()[3:5])
    t.must(phrase in plain, f"no phrase in {plain!r}")
    same = (
        ("stop", phrase, ()),
        ("stop", "\n", ("-n", "120")),
        ("ban", phrase, ()),
        ("choice", "New York", ()),
        ("dry_breakers", ", and", ("--dry-multiplier", "2")),
        ("banned_tokens", " of", ()),
    )
    for name, value, others in same:
        arguments = ("generate", "In", "-n", "60", *SEEDED, *others)
        by_flag = t.textgen(*arguments, f"--{name.replace('_', '-')}", value)
        by_environment = t.textgen(*arguments, env={f"TEXTGEN_{name.upper()}": value})
        t.works(by_flag)
        t.must(by_flag.out != plain or name == "dry_breakers", f"--{name} {value!r}: no effect")
        shown = by_environment.out[:60] or by_environment.message
        t.must(by_flag.out == by_environment.out, f"TEXTGEN_{name.upper()}={value!r}: {shown!r}")
    rows = '{"text": "a letter", "author": "Ada Lovelace"}\n{"text": "none", "author": "Bo"}\n'
    done, texts = t.store(t.write("rows.jsonl", rows), env={"TEXTGEN_WHERE": "author=Ada Lovelace"})
    t.works(done)
    t.must(texts == ["a letter"], f"TEXTGEN_WHERE: {texts}")


@case("28")
def stops_in_streams(t: Trial) -> None:
    """A stream is the text, cut exactly where a stop stands."""
    rows = t.program("stops")
    wrong = [row["value"] for row in rows.values() if row["value"] != "same"]
    t.must(len(rows) >= 200, f"{len(rows)} sets of stops tried")
    t.must(not wrong, f"{len(wrong)} of {len(rows)} differ: {wrong[:1]}")


@case("28b")
def decomposed_accents(t: Trial) -> None:
    r"""An accent typed as two characters is the accent as one; `\r\n` is `\n`."""
    likely = [word for byte in bytes_of_accent(t) for word in ("--logit-bias", f"#{byte}=30")]
    cafe = ("generate", "caf", "-n", "30", *SEEDED, *likely)
    plain = t.textgen(*cafe)
    t.must("é" in plain.out, f"no accent to look for: {plain.out!r}")
    for option in ("--stop", "--ban"):
        composed = t.textgen(*cafe, option, "é")
        typed = t.textgen(*cafe, option, DECOMPOSED)
        t.works(composed)
        t.must("é" not in composed.out, f"{option} é: {composed.out!r}")
        t.must(composed.out == typed.out, f"{option} decomposed: {typed.out!r}")
    chosen = t.textgen("generate", "The", "--choice", f"caf{DECOMPOSED}", *SEEDED)
    t.must(chosen.out.strip() == "café", f"--choice writes {chosen.out!a}")
    long = ("generate", "In", "-n", "120", *SEEDED, "--stop")
    windows, unix = t.textgen(*long, "\r\n"), t.textgen(*long, "\n")
    t.must(windows.out == unix.out, "--stop CRLF never matches")


def bytes_of_accent(t: Trial) -> list[str]:
    """Return the tokens that spell an accent."""
    return t.textgen("tokenizer", "encode", "é").out.split()


@case("31")
def no_tokens_at_all(t: Trial) -> None:
    """With 0 new tokens nothing is written."""
    rows = t.write("rows.jsonl", '"The"\n{"prompt": "A", "max_new_tokens": 0}\n')
    none = ("-n", "0", "-q")
    silent: list[tuple[str | Path, ...]] = [
        ("generate", *none),
        ("generate", "The", *none),
        ("generate", "The", *none, "--stream"),
        ("generate", "The", *none, "--beams", "2"),
        ("generate", "The", *none, "--temperature", "0"),
        ("generate", "The", *none, "--stop", "x"),
        ("generate", "The", *none, "--min-p", "0.1"),
        ("generate", "The", *none, "--session", "s.state"),
    ]
    for arguments in silent:
        done = t.textgen(*arguments)
        t.works(done)
        t.must(done.out.strip() == "", f"{arguments}: {done.out!r}")
    t.must(t.textgen("generate", "The", *none, "--echo").out.strip() == "The", "--echo")
    t.must(one(t, "generate", "The", *none)["tokens"] == [], "--json has tokens")
    batch = t.textgen("generate", "--jsonl", "-f", rows, *none).objects()
    t.must([row["text"] for row in batch] == ["", ""], f"--jsonl: {batch}")
    t.works(t.textgen("generate", "The", *none, "--receipt", "r.json"))
    t.works(t.textgen("replay", "r.json"))
    between = t.textgen("generate", "--between", "A", "B", *none)
    t.could("another seed" not in between.err, f"another seed does not help: {between}")


@case("34")
def bans_that_leave_no_way(t: Trial) -> None:
    """Whatever is banned, the text ends in time, and holds nothing of it."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    banned = {
        "vowels": list("aeiou"),
        "letters": list(letters),
        "space": [" "],
        "across the prompt": ["e harbour", "he "],
        "a long phrase": ["x" * 5000],
        "nearly all": [*letters, *letters.upper(), " ", "\n", *"0123456789.,;:'\"!?-"],
    }
    for name, texts in banned.items():
        bans = [word for text in texts for word in ("--ban", text)]
        done = t.textgen("generate", "The", "-n", "60", *SEEDED, *bans, seconds=90)
        t.must(done.code in (0, 65), f"{name}: {done.code}, {done.message}")
        t.one_line(done)
        left = [text for text in texts if text in done.out.removesuffix("\n")]
        t.must(not left, f"{name}: {left} is written")


@case("58")
def beams_with_limits(t: Trial) -> None:
    """Limits hold in beam search."""
    beams = ("generate", "The", "--beams", "4", "-q", "-s", "1")
    t.must(len(one(t, *beams, "-n", "5")["tokens"]) <= 5, "-n 5")
    t.must(len(one(t, *beams, "-n", "9", "--min-new-tokens", "9")["tokens"]) == 9, "the least")
    plain = t.textgen(*beams, "-n", "20").out.strip()
    word = max(plain.split(), key=len)
    for options in (("--ban-token", " am"), ("--stop", word), ("--logit-bias", " am=-100")):
        done = t.textgen(*beams, "-n", "20", *options)
        t.works(done)
        t.must(done.out.strip() != plain, f"{options}: no effect")
        t.must(options[1].split("=")[0] not in done.out, f"{options}: {done.out!r}")
    excluded = (("--ban", word), ("--choice", "yes"), ("--regex", "[0-9]{3}"))
    for options in excluded:
        done = t.textgen(*beams, "-n", "9", *options)
        if done.code:
            t.refused(done, codes=(2,), says=f"beams.*{options[0].strip('-')}")
        else:
            t.must(keeps(options, done.out.strip()), f"{options}: {done.out!r}")
    line = t.textgen(*beams, "-n", "200", "--stop-at", "sentence").out.strip()
    t.must(line.count(".") <= 1 or "." in line[-2:], f"--stop-at: {line!r}")
    again = t.textgen(*beams, "-n", "20").out.strip()
    t.must(again == plain, "two searches differ")
    longer = t.textgen(*beams, "-n", "20", "--length-penalty", "2")
    t.works(longer)
    samples = t.textgen(*beams[:-2], "-n", "10", "--num-samples", "3", "--json")
    texts = [row["text"] for row in samples.objects()] if samples.code == 0 else []
    remarked = samples.code == 2 or re.search("beam|same|alike", samples.err)
    t.could(bool(remarked or len(set(texts)) == 3), "--num-samples 3: one text three times")
    t.one_line(samples)


def keeps(options: tuple[str, str], text: str) -> bool:
    """Tell whether a text keeps a ban, or a constraint."""
    option, value = options
    return value not in text if option == "--ban" else bool(re.fullmatch(value, text))


# Samplers and numbers


EXTREMES: tuple[dict[str, Any], ...] = (
    {"temperature": 1e-45},
    {"temperature": 1e-9},
    {"temperature": 0},
    {"temperature": 100},
    {"top_p": 0.0001},
    {"top_p": 1e-12},
    {"top_p": 1},
    {"top_k": 1},
    {"top_k": 10**9},
    {"min_p": 1},
    {"typical_p": 1e-6},
    {"top_n_sigma": 1e-6},
    {"repetition_penalty": 0.01},
    {"repetition_penalty": 100},
    {"presence_penalty": 2},
    {"frequency_penalty": -2},
    {"logit_bias": {"e": 100}},
    {"logit_bias": {"e": -100}},
    {"mirostat": 2, "mirostat_tau": 0.01},
    {"xtc_probability": 1, "xtc_threshold": 0.0001},
    {"dynatemp_range": 0.8, "temperature": 0.8},
    {"dry_multiplier": 100},
    {"temperature": 1e-9, "top_p": 0.0001, "top_k": 1, "min_p": 1},
)
BEYOND = (
    ("temperature", "-1"),
    ("temperature", "nan"),
    ("temperature", "inf"),
    ("top-p", "1.1"),
    ("min-p", "2"),
    ("repetition-penalty", "0"),
    ("typical-p", "nan"),
    ("beams", "0"),
)


@case("29")
def extreme_samplers(t: Trial) -> None:
    """At every extreme there is a text, or the range is told."""
    rows = "".join(json.dumps({"prompt": "The", "seed": 1} | s) + "\n" for s in EXTREMES)
    done = t.textgen("generate", "--jsonl", "-n", "12", "-q", stdin=rows)
    for settings, result in zip(EXTREMES, done.objects(), strict=True):
        fine = result["error"] is None and len(result["tokens"]) > 0
        t.must(fine, f"{settings}: {result['error']}")
        t.must(all(map(math.isfinite, result["logprobs"])), f"{settings}: {result['logprobs']}")
    for option, value in BEYOND:
        refusal = t.textgen("generate", "The", "-n", "3", f"--{option}", value)
        t.refused(refusal, codes=(2,), says=rf"{option.replace('-', '.')}.*\d")


@case("30")
def large_seeds(t: Trial) -> None:
    """Large seeds work; the range is told in full."""
    for seed in (0, 2**32, 2**63 - 1):
        result = one(t, "generate", "The", "-n", "3", "-s", str(seed))
        t.must(result.get("seed") == seed, f"{seed}: {result.get('seed')}")
    big = str(2**63 - 1)
    t.works(t.textgen("train", t.write("small.txt"), "-o", "m", *TWO_STEPS, "--seed", big, "-q"))
    for seed in (-1, 2**63):
        done = t.textgen("generate", "The", "-n", "3", "-s", str(seed))
        t.refused(done, codes=(2,), says=r"seed.*\d")
        exact = re.sub(r"(?<=\d)[,_](?=\d)", "", done.message)
        t.could(big in exact or "2^63" in exact, f"the limit is rounded: {done}")
    units = t.textgen("train", "small.txt", "-o", "m2", "--units", "99999999")
    t.refused(units, codes=(2,), says=r"units.*\d")
    t.could("e+" not in units.message, f"the limit is rounded: {units}")


@case("38")
def penalties_at_usual_values(t: Trial) -> None:
    """With usual penalties a text stays readable: words with spaces between them."""
    for penalty in ("1.1", "1.3"):
        arguments = ("--repeat-penalty", penalty, "-n", "300")
        text = t.textgen("generate", "The old man", *SEEDED, *arguments).out
        words = text.split()
        mean = sum(map(len, words)) / max(1, len(words))
        t.must(len(words) > 50, f"{penalty}: {len(words)} words")
        t.must(3 < mean < 8, f"{penalty}: words of {mean:.1f} letters, {text[:80]!r}")


@case("57")
def evaluate_small_texts(t: Trial) -> None:
    """A number, or one line."""
    for name in ("greek.txt", "one.txt"):
        quality = one(t, "evaluate", t.inputs / name)
        numbers = [v for v in quality.values() if isinstance(v, int | float)]
        t.must(len(numbers) >= 8 and all(map(math.isfinite, numbers)), f"{name}: {quality}")
        t.must(quality.get("characters") == 1, f"{name}: {quality}")
    for name, content in (("empty.txt", ""), ("mark.txt", "\ufeff")):
        done = t.textgen("evaluate", t.write(name, content))
        t.refused(done, codes=(65,), says=name)


# Constraints


@case("35")
def grammars(t: Trial) -> None:
    """A text or one line; the process lives."""
    fits = {
        "bom.lark": "yes|no",
        "braces.lark": r"\{\}",
        "empty.lark": "",
        "left.lark": "ba*",
        "mutual.lark": "b?a(ba)*",
        "rep.lark": "a*",
        "expr.lark": r"[0-9+()]+",
    }
    for name, pattern in fits.items():
        done = grammar(t, f"@{t.inputs / name}")
        t.works(done)
        text = done.out.removesuffix("\n")
        t.must(bool(re.fullmatch(pattern, text)), f"{name}: {text!r}")
    for name, says in (
        ("inf.lark", "fits|end"),
        ("nostart.lark", "start"),
        ("undef.lark", "missing"),
    ):
        t.refused(grammar(t, f"@{t.inputs / name}"), codes=(2, 65), says=f"grammar.*({says})")
    nested = t.write("nested.lark", "start: " + "(" * 60_000 + '"a"' + ")" * 60_000)
    t.refused(grammar(t, f"@{nested}"), codes=(2, 65), says="grammar")
    never = grammar(t, f"@{t.inputs / 'never.lark'}")
    t.refused(never, codes=(2, 65), says="grammar")
    t.could("raise max_new_tokens" not in never.message, f"more tokens do not help: {never}")
    gbnf = grammar(t, f"@{t.inputs / 'gbnf.txt'}")
    if gbnf.code == 0:
        t.must(bool(re.fullmatch(r"[0-9+]+\n?", gbnf.out)), f"gbnf: {gbnf.out!r}")
        return
    t.refused(gbnf, codes=(2,), says="grammar")
    t.could(bool(re.search("Lark|GBNF", gbnf.message)), f"does not say that Lark is wanted: {gbnf}")


def grammar(t: Trial, text: str) -> Done:
    """Write what a grammar lets through."""
    return t.textgen("generate", "A: ", *SEEDED, "-n", "60", "--grammar", text)


def is_tree(value: Any) -> bool:
    """Tell whether a value fits `tree.json`."""
    if isinstance(value, str):
        return len(value) <= 4
    return (
        isinstance(value, dict) and set(value) == {"l", "r"} and all(map(is_tree, value.values()))
    )


def fits_range(value: Any) -> bool:
    """Tell whether a value fits `range.json`, whose borders are exact."""
    return bool(-5 <= value["n"] <= 12 and Decimal("0.5") < value["f"] <= Decimal("0.75"))


def fits_patterns(value: Any) -> bool:
    """Tell whether a value fits `pattern.json`."""
    return bool(re.fullmatch("[a-z]{3}", value["s"]) and re.search(r"\S", value["u"]))


def fits_talk(value: Any) -> bool:
    """Tell whether a value fits `refenum.json`."""
    people, moods = ("Dilys", "Bruno"), ("CALM", "ANGRY")
    return len(value) == 3 and all(v["who"] in people and v["mood"] in moods for v in value)


def fits_formats(value: Any) -> bool:
    """Tell whether a value fits `fmt.json`: a date, an address and a UUID."""
    date = re.fullmatch(r"\d{4}-[01]\d-[0-3]\d", value["d"])
    uuid = re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value["u"])
    return bool(date and uuid and "@" in value["e"])


EXACT = {"range": Decimal}  # how to read numbers where their last digit matters
FITS: dict[str, Any] = {
    "addprops": lambda v: isinstance(v, dict),
    "const": lambda v: v == {"a": [1, None, True, "é"]},
    "key": lambda v: isinstance(v["ключ"], bool) and v["a b"] is None,
    "mult": lambda v: v % 7 == 0 and 10 <= v <= 60,
    "nested": lambda v: len(v) == 2 and all(len(w) == 2 and max(w) <= 9 for w in v),
    "oneof": lambda v: isinstance(v, int) or len(v) <= 3,
    "pattern": fits_patterns,
    "range": fits_range,
    "refenum": fits_talk,
    "tree": is_tree,
    "true": lambda v: True,
    "unicode": lambda v: v in ("☕ später", "潮", "👩‍💻", 'a"b', "x\ny"),
}
UNFIT = {
    "contradict": "minimum",
    "emptyenum": "json_schema",
    "false": "json_schema",
    "remote": "example.com",
    "typo": "strng",
    "uniq": "uniqueItems",
    "unknown": "propertyNames",
}


@case("36")
def json_schemas(t: Trial) -> None:
    """A schema is enforced, or refused by name; more tokens are advised only if they help."""
    for name, fits in FITS.items():
        done = schema(t, name, "100")
        t.works(done)
        fitting(t, name, done, fits)
    for name, says in UNFIT.items():
        t.refused(schema(t, name, "100"), codes=(2,), says=says)
    for tokens in ("200", "2000"):
        done = schema(t, "fmt", tokens)
        if t.must(done.code == 0, f"{tokens} tokens: {done}"):
            fitting(t, "fmt", done, fits_formats)
    short = schema(t, "long", "100")
    told = short.code in (2, 65) and re.search("max.new.tokens", short.message)
    t.must(bool(told), f"long: {short}")
    long = schema(t, "long", "2500")
    if t.must(long.code == 0, f"the advice does not help: {long}"):
        fitting(t, "long", long, lambda v: 2000 <= len(v) <= 2100)


def schema(t: Trial, name: str, tokens: str) -> Done:
    """Write JSON that fits one of the schemas."""
    path = t.inputs / f"{name}.json"
    return t.textgen("generate", "A: ", *SEEDED, "-n", tokens, "--json-schema", f"@{path}")


def fitting(t: Trial, name: str, done: Done, fits: Any) -> None:
    """Check that an output is JSON that fits."""
    try:
        held = bool(fits(json.loads(done.out, parse_float=EXACT.get(name))))
    except (ValueError, KeyError, TypeError) as error:
        held = t.must(False, f"{name}: {error}")
    t.must(held, f"{name}: {done.out[:100]!r} does not fit")


@case("37")
def anchored_patterns(t: Trial) -> None:
    """Anchors are understood, or it is told how to write the pattern."""
    fits = {
        "^ab$": "ab",
        r"\Aab": "ab",
        "^(yes|no)$": "yes|no",
        r"^\d{3}$": r"\d{3}",
        "(?i)ab": "(?i:ab)",
        "(?P<n>a)": "a",
        "[^a-y]": "[^a-y]",
    }
    for pattern, wanted in fits.items():
        done = t.textgen("generate", "A: ", *SEEDED, "-n", "20", "--regex", pattern)
        text = done.out.removesuffix("\n")
        t.works(done)
        t.must(bool(re.fullmatch(wanted, text)), f"{pattern!r}: {text!r}")
    refused = {
        r"\bab\b": r"\\b|word bound",
        "a$b": r"\$|anchor",
        "(?P=x)": r"backreference|\(\?P=",
        r"ab\Z": r"\\Z|\$",
        "(?=a)b": "look-?around|look-?ahead",
        r"(a|b)\1": "backreference",
        "[": "class|\\[",
    }
    for pattern, says in refused.items():
        done = t.textgen("generate", "A: ", *SEEDED, "-n", "20", "--regex", pattern)
        if done.code == 0 and pattern == r"ab\Z":
            t.must(done.out.strip() == "ab", f"{pattern}: {done.out!r}")
            continue
        t.refused(done, codes=(2,), says="regex")
        facts = done.message.replace(f"/{pattern}/", "")
        own_words = not re.search("not supported yet|WordUnicode|unrecognized flag", facts)
        known = bool(re.search(says, facts))
        t.could(known and own_words, f"the library's words: {done}")
