"""Cases of the package in a program: types of arguments, copies, forks, threads, streams."""

import re
from typing import Any

from cases.case import case
from cases.trial import Trial

Outcome = dict[str, Any]
LONGEST = 1000  # characters of a message; a corpus that is quoted in one has more


def is_ours(row: Outcome) -> bool:
    """Tell whether an exception is one that textgen raises on purpose."""
    return "textgen.errors.TextgenError" in row.get("kinds", ())


def clear(t: Trial, name: str, row: Outcome, says: str = "") -> bool:
    """Check that a refusal is ours, short, without options of the command line, and says what."""
    message = row["message"]
    held = t.must(is_ours(row), f"{name}: {row['error']}: {message[:150]}")
    held = t.must("--" not in message, f"{name}: an option of another door: {message}") and held
    held = t.must(len(message) < LONGEST, f"{name}: {len(message)} characters of message") and held
    return held and t.must(bool(re.search(says, message, re.I)), f"{name}: not {says}: {message}")


@case("25")
def prompts_of_all_types(t: Trial) -> None:
    """A prompt is accepted, or a UsageError; other text is never continued."""
    rows = t.program("prompt_types")
    good = {way: rows[f"{way} str"]["value"] for way in ("generate", "stream", "next", "feed")}
    several = rows["generate list"]["value"]
    t.must(len(several) == 2 and several[0] == good["generate"], f"a list: {several}")
    for name, row in rows.items():
        way, kind = name.split(" ", 1)
        if way == "bad":
            bad_argument(t, name, row)
        elif row["error"]:
            clear(t, name, row)
        else:
            right = row["value"] in (good[way], several)
            told = kind.startswith("list of") and all("refused" in text for text in row["value"])
            t.must(right or told, f"{name}: goes on with other text, {row['value']!r}")


def bad_argument(t: Trial, name: str, row: Outcome) -> None:
    """Check an argument that is no prompt: refused, or plainly harmless."""
    harmless = name in ("bad threads None", "bad hook", "bad k 0")
    if row["error"]:
        says = "overwrite=True" if name == "bad over a folder" else ""
        clear(t, name, row, says)
    else:
        t.must(harmless, f"{name}: is taken, {row['value']!r}")


@case("40")
def training_in_threads(t: Trial) -> None:
    """Training works in threads and beside a loop; a second one in a folder is told."""
    rows = t.program("training_threads", t.write("small.txt"))
    one = rows["one"]["value"]
    t.must(len(one) == 1 and "Error" not in one[0], f"one thread: {one}")
    t.must(rows["two folders"]["value"] == one * 2, f"two folders: {rows['two folders']['value']}")
    t.must(rows["asyncio"]["value"] == one * 2, f"asyncio: {rows['asyncio']['value']}")
    both = rows["one folder"]["value"]
    busy = [text for text in both if text.startswith(("Busy", "UsageError"))]
    t.must(len(both) == 2 and len(busy) == 1, f"one folder: {both}")


IN_MEMORY = (
    "list",
    "tuple",
    "frame",
    "Series",
    "array",
    "Dataset",
    "generator",
    "open file",
    "StringIO",
    "list of paths",
    "dict",
    "None",
    "bytes path",
    "a text",
)


@case("47")
def corpora_in_memory(t: Trial) -> None:
    """A corpus in memory is accepted, or it is told what a corpus may be."""
    rows = t.program("corpus_types", t.write("small.txt"), seconds=400)
    for way in ("train", "evaluate"):
        for name in ("Path", "path"):
            t.must(rows[f"{way} {name}"]["error"] is None, f"{way} {name}: {rows[f'{way} {name}']}")
        for name in (*IN_MEMORY, "empty", "short text"):
            row = rows[f"{way} {name}"]
            if row["error"]:
                clear(t, f"{way} {name}", row)
                misled = name in IN_MEMORY and re.search("no such file|no file", row["message"])
                t.must(not misled, f"{way} {name}: a file is missed: {row['message'][:150]}")
                told = name not in IN_MEMORY or re.search("file|path|texts", row["message"])
                t.must(
                    bool(told), f"{way} {name}: not what a corpus may be: {row['message'][:150]}"
                )
    settings(t, rows)


def settings(t: Trial, rows: dict[str, Outcome]) -> None:
    """Check settings of odd types."""
    for name in ("out Path", "list units"):
        row = rows[f"setting {name}"]
        t.must(row["error"] is None, f"{name}: {row['message']}")
    for name in ("out bytes", "out None", "float batch"):
        clear(t, name, rows[f"setting {name}"])
    clear(t, "step", rows["setting step"], "steps")
    budget = rows["setting budget 60"]
    if budget["error"]:
        clear(t, "budget 60", budget)
        t.should(bool(re.search(r"\d+[smh]\b", budget["message"])), f"no form: {budget['message']}")
    for name in ("np.int64 steps", "np.float32 rate", "int units"):
        row = rows[f"setting {name}"]
        t.should(row["error"] is None, f"{name}: {row['message']}")


@case("48")
def settings_of_numpy(t: Trial) -> None:
    """NumPy's scalars are taken for the numbers; other types are told with a remedy."""
    rows = t.program("setting_types")
    for name, row in rows.items():
        kind, setting = name.split(" ", 1)
        if kind == "same":
            same = not row["error"] and row["value"][0] == row["value"][1]
            t.should(same, f"{setting}: {row['message'] or row['value']}")
        elif row["error"]:
            clear(t, setting, row)
    remedies = {
        "json_schema": "json.dumps|text",
        "regex": r"\.pattern|text",
        "stop None": r"\(\)|list|tuple|leave|empty",
        "stop set": "list|tuple|sequence",
        "temp": "'temperature'",
        "max_length": "max_new_tokens",
        "num_samples": "prompt|list|several|texts",
        "do_sample": "temperature",
    }
    for setting, remedy in remedies.items():
        row = rows[f"told {setting}"]
        helped = not row["error"] or re.search(remedy, row["message"])
        t.should(bool(helped), f"{setting}: no remedy: {row['message']}")
    odd = "samplers" in rows["told num_samples"]["message"]
    t.should(not odd, f"an odd near match: {rows['told num_samples']['message']}")


@case("49")
def copies_of_a_generator(t: Trial) -> None:
    """A generator can be pickled and copied, or it is said what to do instead."""
    rows = t.program("copies")
    wanted = rows.pop("wanted")["value"]
    for name, row in rows.items():
        if row["error"]:
            helped = re.search(r"from_pretrained|save|load|result\(\)", row["message"])
            t.should(bool(helped), f"{name}: {row['error']}: {row['message'][:150]}")
        else:
            t.must(row["value"] in (True, wanted), f"{name}: {row['value']!r}, not {wanted!r}")


@case("50")
def forks(t: Trial) -> None:
    """A fork writes the same text; a training in one ends, one way or the other."""
    rows = t.program("forks", t.write("small.txt"))
    for name in ("fork plain", "fork regex", "fork ban", "fork threads", "pool"):
        t.must(rows[name]["value"] is True, f"{name}: another text, or none")
    training = rows["training"]["value"]
    t.should(
        training != "stands still", "training in a fork of a process that trained stands still"
    )
    helped = training == "trained" or re.search("spawn|fork", training)
    t.should(bool(helped), f"no remedy: {training[:150]}")


@case("51")
def threads_and_loops(t: Trial) -> None:
    """Threads get the same texts, an event loop lives, and nothing is written to stderr."""
    rows = t.program("threads", t.write("small.txt"))
    t.must(rows["threads"]["value"] is True, "threads write other texts")
    t.must(rows["lag"]["value"] < 0.5, f"the loop stands still for {rows['lag']['value']:.2f} s")
    t.must(rows["shared stream"]["value"] is True, f"one stream: {rows['shared stream']}")
    told = rows["stderr"]["value"]
    t.could(told == "", f"training writes to stderr: {told[:150]!r}")


@case("52")
def streams_left_early(t: Trial) -> None:
    """Nothing stays of a stream that is left; it can be closed as a file."""
    rows = t.program("left_streams")
    t.must(rows["grown"]["value"] < 20, f"{rows['grown']['value']:.0f} MB more after 160 streams")
    t.must(rows["threads"]["value"] == 0, f"{rows['threads']['value']} threads stay")
    t.could(rows["close"]["value"] is True, f"no close() or with: {rows['close']['message']}")
